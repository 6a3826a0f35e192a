// Every parameter of every command, wrong in every way, in every dialect: generated from the definitions.

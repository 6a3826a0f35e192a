// remove_site

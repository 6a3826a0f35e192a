// license_status

#!/bin/bash
# Tells Drover how far this system is: report NAME [WORDS]
set -euo pipefail
exec curl --config - --data-raw "${2-}" <<END
silent
show-error
fail
globoff
max-time = 10
retry = 5
retry-delay = 2
retry-connrefused
output = "/dev/null"
url = "http://10.77.0.1:8080/c/T0KEN/report/$1"
END

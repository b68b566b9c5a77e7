//go:build tools

// Package tools names the program that is built here: Ignition's own validator, as it is.
package tools

import _ "github.com/coreos/ignition/v2/validate"

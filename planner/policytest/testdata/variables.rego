# Inputs are within what the platform team allows.
package main

deny contains msg if {
	not input.variables.edition.value in [2, 4]
	input.lifecycle != "delete"
	msg := "no such edition"
}

deny contains msg if {
	input.variables.peers.value < 2
	msg := sprintf("%d peer is too few", [input.variables.peers.value])
}

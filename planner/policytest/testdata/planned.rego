# What the plan leads to: sizes, and how many there are of a type.
package main

resources := object.get(input.planned_values.root_module, "resources", [])

deny contains msg if {
	some r in resources
	r.mode == "managed"
	r.type == "Cloud.BCS.Organization"
	r.values.nodeCount < 2
	msg := sprintf("%s has %d peer only", [r.address, r.values.nodeCount])
}

deny contains msg if {
	n := count([r | some r in resources; r.type == "Cloud.BCS.Organization"])
	n < 2
	msg := sprintf("a consortium of %d", [n])
}

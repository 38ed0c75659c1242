# No plan takes away more than half of what there is.
package main

default before := []

before := input.prior_state.values.root_module.resources

after := object.get(input.planned_values.root_module, "resources", [])

deny contains msg if {
	count(after) * 2 < count(before)
	msg := sprintf("of %d elements %d remain", [count(before), count(after)])
}

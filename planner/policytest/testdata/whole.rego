# Only whole plans without errors go through, and none that leaves things
# behind or passes a point of no return.
package main

deny contains "the plan has errors" if input.errored

deny contains "the plan is for some nodes only" if not input.complete

deny contains msg if {
	some r in input.resource_changes
	"forget" in r.change.actions
	msg := sprintf("%s would be left behind", [r.address])
}

deny contains msg if {
	n := input.point_of_no_return
	msg := sprintf("there is no way back from %s: %s", [n.address, n.reason])
}

# Nothing that holds data is destroyed, by itself or to be made anew.
package main

protected := {"Cloud.BCS.Instance", "Cloud.BCS.Organization", "Cloud.BCS.Channel"}

deny contains msg if {
	some change in input.resource_changes
	change.type in protected
	"delete" in change.change.actions
	not "create" in change.change.actions
	msg := sprintf("%s (%s) must not be deleted", [change.address, change.type])
}

deny contains msg if {
	some change in input.resource_changes
	change.type in protected
	change.change.actions in [["delete", "create"], ["create", "delete"]]
	some path in change.change.replace_paths
	msg := sprintf("%s must not be replaced: %s changes (%s)", [change.address, concat(".", path), change.action_reason])
}

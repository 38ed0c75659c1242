# Names are in lower case, and channels say what they are for.
package main

creates_or_updates(actions) if actions[_] in {"create", "update"}

deny contains msg if {
	some r in input.resource_changes
	creates_or_updates(r.change.actions)
	name := r.change.after.name
	not regex.match(`^[a-z][a-z0-9-]{2,23}$`, name)
	msg := sprintf("%s: the name %q is not allowed", [r.address, name])
}

deny contains msg if {
	r := input.resource_changes[_]
	r.type == "Cloud.BCS.Channel"
	creates_or_updates(r.change.actions)
	object.get(r.change.after, "description", "") == ""
	msg := sprintf("%s has no description", [r.address])
}

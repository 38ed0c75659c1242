# What was changed by hand is settled before anything else is done.
package main

deny contains msg if {
	some r in input.resource_drift
	r.change.actions == ["update"]
	some key, after in r.change.after
	before := r.change.before[key]
	before != after
	msg := sprintf("%s.%s was changed from %v to %v", [r.address, key, before, after])
}

deny contains msg if {
	some r in input.resource_drift
	r.change.actions == ["delete"]
	msg := sprintf("%s %q was deleted by hand", [r.type, r.change.before.name])
}

# Who is in which network is known before; only IDs may come later.
package main

deny contains msg if {
	some r in input.resource_changes
	some key, unknown in r.change.after_unknown
	unknown == true
	not endswith(key, "Id")
	not endswith(key, "Name")
	msg := sprintf("%s.%s is not known yet", [r.address, key])
}

# An ID that is known is no text of zero length.
deny contains msg if {
	some r in input.resource_changes
	r.change.after.blockchainId == ""
	not r.change.after_unknown.blockchainId
	msg := sprintf("%s belongs to no instance", [r.address])
}

# What is made in an instance that is new itself is looked at by a person.
deny contains msg if {
	some r in input.resource_changes
	r.change.actions == ["create"]
	r.change.after_unknown.blockchainId
	msg := sprintf("%s goes into an instance that does not exist yet", [r.address])
}

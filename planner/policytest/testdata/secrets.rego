# Passwords are marked as sensitive, before and after, and are never in clear.
package main

secret_properties := {"Cloud.BCS.Instance": ["resourcePassword"]}

deny contains msg if {
	some r in input.resource_changes
	some property in secret_properties[r.type]
	r.change.after != null
	not r.change.after_sensitive[property] == true
	msg := sprintf("%s.%s is missing, or is not secret", [r.address, property])
}

deny contains msg if {
	some r in input.resource_changes
	some property in secret_properties[r.type]
	r.change.before != null
	not r.change.before_sensitive[property] == true
	msg := sprintf("%s.%s was not secret", [r.address, property])
}

deny contains msg if {
	some r in input.resource_changes
	some side in ["before", "after"]
	some property in secret_properties[r.type]
	value := r.change[side][property]
	value != null
	msg := sprintf("%s.%s is in clear", [r.address, property])
}

deny contains msg if {
	some name, variable in input.variables
	regex.match(`password|secret`, name)
	variable.value != null
	msg := sprintf("the variable %s is in clear", [name])
}

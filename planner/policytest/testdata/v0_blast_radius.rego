# Weighs what a plan does, in the language as it was before version 1.
package main

radius := 30

weights := {
	"Cloud.BCS.Instance": {"create": 1, "update": 2, "delete": 100},
	"Cloud.BCS.Organization": {"create": 1, "update": 1, "delete": 10},
	"Cloud.BCS.Channel": {"create": 1, "update": 1, "delete": 10},
}

by_type(type) = all {
	all := [r | r := input.resource_changes[_]; r.type == type]
}

count_of(type, action) = n {
	hits := [r | r := by_type(type)[_]; r.change.actions[_] == action]
	n := count(hits)
}

score = s {
	parts := [x | w := weights[type]; x := (w.create * count_of(type, "create") + w.update * count_of(type, "update")) + w["delete"] * count_of(type, "delete")]
	s := sum(parts)
}

deny[msg] {
	score > radius
	msg := sprintf("the plan weighs %d, more than %d", [score, radius])
}

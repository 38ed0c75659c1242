package planner

import "github.com/orchestrate-tosca/orchestrate/dsl/intrinsic"

// Overlay returns properties with what was read of them written on top: what a
// plan compares with, and what an import records.
func Overlay(properties, read intrinsic.Value) intrinsic.Value { return overlay(properties, read) }

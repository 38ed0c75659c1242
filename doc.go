// Package orchestrate is the root of a declarative orchestration engine for
// TOSCA-style blueprints. It holds no code: see ARCHITECTURE.md for the map and
// cmd/orchestrate for the command.
package orchestrate

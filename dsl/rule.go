package dsl

import (
	"fmt"
	"sync"

	"github.com/orchestrate-tosca/orchestrate/schemas"
)

// Rule is what must hold between the properties of a node type. It is either a
// pair of schemas or a rule about addresses.
type Rule struct {
	// When and Then are JSON Schemas over all properties, as plain JSON data:
	// what fits When has to fit Then. A nil When fits everything.
	When, Then any
	// Network is the rule about addresses; nil: there is a Then.
	Network *NetworkRule

	// At are the paths of the properties that are at fault, such as
	// ports[].number without the brackets; the first one that the blueprint
	// writes is pointed at.
	At []string
	// Message says what holds, and Advice what to do, each in whole sentences.
	Message, Advice string

	compile sync.Once
	when    *schemas.Schema // nil: When is
	then    *schemas.Schema
	err     error
}

// NetworkRule is about a property that holds an IPv4 network (10.0.0.0/16) or
// address.
type NetworkRule struct {
	Property string
	MaxBits  int      // longest mask of a network; 0: any
	Within   []string // a network has to lie in one of these; empty: anywhere

	// HostOf names the property with the network of which Property has to be an
	// address that a host may have.
	HostOf string

	// PartOf names the property that refers to another node: the network has to
	// lie in the one which that node has under the same name as Property, apart
	// from those of all other nodes that refer to it.
	PartOf string
}

// ruleFile is a rule as its file writes it.
type ruleFile struct {
	When    any          `json:"when"`
	Then    any          `json:"then"`
	Network *NetworkRule `json:"network"`
	At      []string     `json:"at"`
	Message string       `json:"message"`
	Advice  string       `json:"advice"`
}

func parseTypeRules(files []ruleFile) ([]*Rule, error) {
	var out []*Rule
	for i, f := range files {
		r := &Rule{
			When: plainNumbers(f.When), Then: plainNumbers(f.Then), Network: f.Network,
			At: f.At, Message: f.Message, Advice: f.Advice,
		}
		if (r.Then == nil) == (r.Network == nil) {
			return nil, fmt.Errorf("rule %d needs either then or network", i)
		}
		if n := r.Network; n != nil && len(r.At) == 0 {
			r.At = []string{n.Property}
		}
		out = append(out, r)
	}
	return out, nil
}

// Holds reports whether plain properties keep a rule that is a pair of schemas.
// It is safe for concurrent use.
func (r *Rule) Holds(properties any) (bool, error) {
	r.compile.Do(func() {
		if r.When != nil {
			r.when, r.err = schemas.Compile(r.When)
		}
		if r.err == nil {
			r.then, r.err = schemas.Compile(r.Then)
		}
	})
	if r.err != nil {
		return false, fmt.Errorf("the rule %q of the catalogue: %w", r.Message, r.err)
	}
	if r.when != nil && len(r.when.Validate(properties)) > 0 {
		return true, nil
	}
	return len(r.then.Validate(properties)) == 0, nil
}

package huaweicloud

import (
	"cmp"
	"fmt"
	"slices"

	"github.com/orchestrate-tosca/orchestrate/providers"
)

// Stock is how much of a kind there may be, and is.
type Stock struct {
	Where       string // "the project", "network 50ca..."
	What        string // plural, such as "networks"
	Limit, Used int64  // a Limit below 0 is none
	Property    string // that a finding is about; "" for none
	Advice      string
}

// Check finds out whether what is planned fits. takes says how much an object
// is of the stock. What a replacement deletes makes room for what it creates;
// what else is deleted may go too late.
func (s Stock) Check(reqs []*providers.Request, takes func(*providers.Request) int64) []providers.Finding {
	made := map[string]bool{} // nodes
	for _, req := range reqs {
		made[req.Node] = made[req.Node] || req.Action == providers.Create
	}
	free, later, wanted := s.Limit-s.Used, int64(0), int64(0)
	for _, req := range reqs {
		switch {
		case req.Action == providers.Create:
			wanted += takes(req)
		case req.Action == providers.Delete && made[req.Node]:
			free += takes(req)
		case req.Action == providers.Delete:
			later += takes(req)
		}
	}
	if s.Limit < 0 || wanted <= 0 || wanted <= free {
		return nil
	}
	f := providers.Finding{
		Node: tooMuch(reqs, takes, free), Property: s.Property, Kind: providers.Quota, Advice: s.Advice,
		Message: fmt.Sprintf("%s may have %d %s and has %d; the plan makes %d more.", s.Where, s.Limit, s.What, s.Used, wanted),
	}
	if wanted <= free+later {
		f.Warning = true
		f.Message += fmt.Sprintf(" They fit only once %d that the plan deletes are gone.", later)
		f.Advice = "If the creation is refused, apply again: by then the deletions are done."
	}
	return []providers.Finding{f}
}

// tooMuch returns the node of the first creation that does not fit.
func tooMuch(reqs []*providers.Request, takes func(*providers.Request) int64, free int64) string {
	for _, req := range ByNode(reqs) {
		if req.Action != providers.Create {
			continue
		}
		if free -= takes(req); free < 0 {
			return req.Node
		}
	}
	return ""
}

// One counts objects.
func One(*providers.Request) int64 { return 1 }

// ByNode returns requests sorted by node.
func ByNode(reqs []*providers.Request) []*providers.Request {
	return slices.SortedStableFunc(slices.Values(reqs), func(a, b *providers.Request) int { return cmp.Compare(a.Node, b.Node) })
}

// SortFindings orders findings by node, then property, then message.
func SortFindings(list []providers.Finding) []providers.Finding {
	slices.SortStableFunc(list, func(a, b providers.Finding) int {
		return cmp.Or(cmp.Compare(a.Node, b.Node), cmp.Compare(a.Property, b.Property), cmp.Compare(a.Message, b.Message))
	})
	return list
}

// Freed returns the IDs of the objects that are deleted by the plan.
func Freed(reqs []*providers.Request) map[string]bool {
	out := map[string]bool{}
	for _, req := range reqs {
		if req.Action == providers.Delete {
			out[req.ObjectID] = true
		}
	}
	return out
}

// Of returns the requests with an action, sorted by node.
func Of(reqs []*providers.Request, action providers.Action) []*providers.Request {
	var out []*providers.Request
	for _, req := range ByNode(reqs) {
		if req.Action == action {
			out = append(out, req)
		}
	}
	return out
}

// Taken finds creations under a name that something has already, or that two of
// them want. name returns "" while a name is not known; holders are the IDs of
// what exists by name. What the plan deletes, or gives another name, does not
// count.
func Taken(reqs []*providers.Request, what, property string, name func(*providers.Request) string, holders map[string]string) []providers.Finding {
	var out []providers.Finding
	freed, planned := Freed(reqs), map[string]string{}
	for _, req := range Of(reqs, providers.Update) {
		if id := req.ObjectID; name(req) == "" || holders[name(req)] != id {
			freed[id] = true
		}
	}
	for _, req := range Of(reqs, providers.Create) {
		n := name(req)
		if n == "" {
			continue
		}
		f := providers.Finding{Node: req.Node, Property: property, Kind: providers.Conflict, Advice: "Choose another one."}
		id, exists := holders[n]
		switch other, twice := planned[n]; {
		case twice:
			f.Message = fmt.Sprintf("The nodes %s and %s want the same %s: %s.", other, req.Node, what, n)
			out = append(out, f)
		case exists && !freed[id]:
			f.Message = fmt.Sprintf("The %s %s is taken by %s, which this stack has not made.", what, n, id)
			f.Advice = fmt.Sprintf("Choose another one, take what exists into the stack (orchestrate import %s %s), or delete it if nobody needs it.", req.Node, id)
			out = append(out, f)
		}
		planned[n] = req.Node
	}
	return out
}

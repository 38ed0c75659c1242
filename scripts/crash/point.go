//go:build unix

package main

import (
	"fmt"
	"strconv"
	"strings"
)

// What a command is killed around.
const (
	atSync    = "sync"    // a sync of the state's files: each commit of the journal is one
	atRequest = "request" // a request to the cloud
	atChange  = "change"  // a request that changes something; for setting up
)

// When it is killed.
const (
	before    = "before"    // the sync, or the passing on of the request
	between   = "between"   // the work that the cloud did for the request, and its answer
	after     = "after"     // the sync, or the answer
	powerLoss = "powerloss" // before the sync, or between work and answer, and what was not synced is lost
)

// point is a moment at which a command is killed.
type point struct {
	chapter string
	at      string
	n       int // the n-th of its kind, from 1
	when    string
}

func (p point) String() string {
	return fmt.Sprintf("%s/%s/%d/%s", p.chapter, p.at, p.n, p.when)
}

// parsePoint reads what String wrote.
func parsePoint(s string) (point, error) {
	parts := strings.Split(s, "/")
	if len(parts) == 4 {
		n, err := strconv.Atoi(parts[2])
		if err == nil && n > 0 {
			return point{parts[0], parts[1], n, parts[3]}, nil
		}
	}
	return point{}, fmt.Errorf("%q is no point, such as create/sync/12/before", s)
}

// whens are the moments around each kind.
var whens = map[string][]string{
	atSync:    {before, after, powerLoss},
	atRequest: {before, between, after, powerLoss},
}

// points lists the moments around every k-th of n syncs or requests. What was
// synced is only known where a process can be traced.
func points(chapter, at string, n, k int) []point {
	var out []point
	for i := k; i <= n; i += k {
		for _, when := range whens[at] {
			if when != powerLoss || canTrace {
				out = append(out, point{chapter, at, i, when})
			}
		}
	}
	return out
}

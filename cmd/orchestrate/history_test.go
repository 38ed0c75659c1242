package main

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/orchestrate-tosca/orchestrate/executor/state"
)

// told makes a history from words, oldest first: "create:1+" applied revision 1
// with success, "delete-" failed, "import+" has no revision, "upgrade:2." runs,
// "upgrade:3-<2" retries number 2, "rollback:4-to1" and "rollback:4-un2" say what
// a rollback returns to and which execution it undoes; "upgrade:2+@a" was for a
// target, and "rollback:4+to1~a" left that node out.
func told(t *testing.T, words ...string) []*state.Execution {
	t.Helper()
	var all []*state.Execution
	for i, w := range words {
		x := &state.Execution{ID: fmt.Sprintf("s-%d", i+1), Number: int64(i + 1), Ended: time.Unix(int64(i), 0)}
		cut := 0
		for cut < len(w) && w[cut] >= 'a' && w[cut] <= 'z' {
			cut++
		}
		x.Lifecycle, w = w[:cut], w[cut:]
		if w[0] == ':' {
			x.Revision, w = int64(w[1]-'0'), w[2:]
		}
		switch w[0] {
		case '+':
			x.Phase, x.Final = "XSucceeded", x.Lifecycle == lifecycleDelete
		case '-':
			x.Phase = "XFailed"
		case '.':
			x.Phase, x.Ended = "Xing", time.Time{}
		default:
			t.Fatalf("no such word: %q", words[i])
		}
		switch w = w[1:]; {
		case w == "":
		case w[0] == '<':
			x.Terms.Retries = "s-" + w[1:]
		case w[0] == '@':
			x.Terms.Targets = []string{w[1:]}
		case w[:2] == "to":
			x.Terms.To = int64(w[2] - '0')
			if _, left, ok := strings.Cut(w, "~"); ok {
				x.Terms.Skip = []string{left}
			}
		case w[:2] == "un":
			x.Terms.Undoes = "s-" + w[2:]
		}
		all = append(all, x)
	}
	return all
}

func TestWayBack(t *testing.T) {
	for _, c := range []struct {
		name string
		was  []string
		want wayBack
		none bool
	}{
		{name: "nothing", none: true},
		{name: "only imported", was: []string{"import+"}, none: true},
		{name: "created", was: []string{"create:1+"}, none: true},
		{name: "creation failed", was: []string{"create:1-"}, want: wayBack{since: 1, only: true}},
		{name: "creation failed twice", was: []string{"import+", "create:1-", "create:2-<2"}, want: wayBack{since: 2, only: true}},
		{name: "upgraded", was: []string{"create:1+", "upgrade:2+"}, want: wayBack{to: 1, since: 2}},
		{name: "upgrade failed", was: []string{"create:1+", "upgrade:2-"}, want: wayBack{to: 1, since: 2}},
		{name: "upgrade failed twice", was: []string{"create:1+", "upgrade:2-", "upgrade:3-"}, want: wayBack{to: 1, since: 2}},
		{name: "upgrade succeeded at last", was: []string{"create:1+", "upgrade:2-", "upgrade:3+<2"}, want: wayBack{to: 1, since: 2}},
		{name: "refreshed afterwards", was: []string{"create:1+", "upgrade:2+", "refresh+"}, want: wayBack{to: 1, since: 2}},
		{name: "rolled back", was: []string{"create:1+", "upgrade:2+", "rollback:3+to1"}, want: wayBack{to: 2, since: 3}},
		{name: "rollback failed", was: []string{"create:1+", "upgrade:2+", "rollback:3-to1"}, want: wayBack{to: 2, since: 3}},
		{name: "undoing failed", was: []string{"create:1+", "upgrade:2-", "rollback:3-un2"}, want: wayBack{to: 1, since: 2}},
		{name: "upgraded in part", was: []string{"create:1+", "upgrade:2+@a", "upgrade:3+"}, want: wayBack{to: 2, since: 3, only: true}},
		{name: "rolled back to a part", was: []string{"create:1+", "upgrade:2+@a", "upgrade:3+", "rollback:4+to2", "upgrade:5-"}, want: wayBack{to: 4, since: 5, only: true}},
		{name: "undone", was: []string{"create:1+", "upgrade:2-", "rollback:3+un2", "upgrade:4-"}, want: wayBack{to: 3, since: 4}},
		{name: "undone, what went on with another", was: []string{"create:1+", "upgrade:2-", "upgrade:3-", "rollback:4+un3", "upgrade:5-"}, want: wayBack{to: 1, since: 2}},
		{name: "undone, what went on with another, then found whole", was: []string{"create:1+", "upgrade:2-", "upgrade:3-", "rollback:4+un3", "upgrade:5+", "upgrade:6-"}, want: wayBack{to: 5, since: 6}},
		{name: "undone, what went on after a deletion", was: []string{"create:1+", "delete-", "upgrade:2-", "rollback:3+un3", "upgrade:4-"}, want: wayBack{to: 1, since: 2}},
		{name: "undone with its retry", was: []string{"create:1+", "upgrade:2-", "upgrade:3-<2", "rollback:4+un3", "upgrade:5-"}, want: wayBack{to: 4, since: 5}},
		{name: "undone, a creation after another", was: []string{"create:1-", "create:2-", "rollback:3+un2"}, want: wayBack{since: 1, only: true}},
		{name: "undone twice", was: []string{"create:1+", "upgrade:2-", "rollback:3+un2", "upgrade:4-", "rollback:5+un4", "upgrade:6-"}, want: wayBack{to: 5, since: 6}},
		{name: "a creation undone", was: []string{"create:1-", "rollback+un1"}, none: true},
		{name: "rolled back but for a node", was: []string{"create:1+", "upgrade:2+", "rollback:3+to1~a", "upgrade:4+"}, want: wayBack{to: 3, since: 4, only: true}},
		{name: "emptied", was: []string{"create:1-", "rollback+"}, none: true},
		{name: "emptying failed", was: []string{"create:1-", "rollback-"}, want: wayBack{since: 1, only: true}},
		{name: "deletion failed", was: []string{"create:1+", "upgrade:2+", "delete-"}, want: wayBack{to: 2, since: 3}},
		{name: "deletion of what never was complete", was: []string{"create:1-", "delete-"}, want: wayBack{since: 1, only: true}},
		{name: "deleted", was: []string{"create:1+", "upgrade:2+", "delete+"}, none: true},
		{name: "made again", was: []string{"create:1+", "upgrade:2+", "delete+", "create:3+"}, none: true},
	} {
		got, err := historyOf(told(t, c.was...)).back()
		var none *noWayBack
		if c.none != errors.As(err, &none) || got != c.want {
			t.Errorf("%s: %+v, %v; want %+v", c.name, got, err, c.want)
		}
		if none != nil && none.instead == "" {
			t.Errorf("%s: it is not said what does", c.name)
		}
	}
}

func TestWayBackTo(t *testing.T) {
	h := historyOf(told(t, "create:1+", "import+", "upgrade:2-", "upgrade:3+"))
	if got, err := h.backTo(1); err != nil || got != (wayBack{to: 1, since: 2}) {
		t.Errorf("to 1: %+v, %v", got, err)
	}
	for _, revision := range []int64{0, 4} {
		if _, err := h.backTo(revision); err == nil {
			t.Errorf("there is no revision %d, and it is returned to", revision)
		}
	}
}

// An execution is undone with those that it went on with.
func TestWayBefore(t *testing.T) {
	for _, c := range []struct {
		name string
		was  []string
		want wayBack
	}{
		{"creation", []string{"create:1-"}, wayBack{since: 1, undoes: "s-1", only: true}},
		{"upgrade", []string{"create:1+", "upgrade:2-"}, wayBack{to: 1, since: 2, undoes: "s-2", only: true}},
		{"retried upgrade", []string{"create:1+", "upgrade:2-", "upgrade:3-<2", "upgrade:4-<3"}, wayBack{to: 1, since: 2, undoes: "s-2", only: true}},
		{"creation after one that was undone", []string{"create:1-", "rollback+un1", "create:2-"}, wayBack{since: 3, undoes: "s-3", only: true}},
		{"after an import", []string{"create:1+", "import+", "upgrade:2-"}, wayBack{to: 1, since: 3, undoes: "s-3", only: true}},
		{"after a deletion that failed", []string{"create:1+", "delete-", "upgrade:2-"}, wayBack{to: 1, since: 3, undoes: "s-3", only: true}},
	} {
		h := historyOf(told(t, c.was...))
		if got := h.before(h[0]); got != c.want {
			t.Errorf("%s: %+v, want %+v", c.name, got, c.want)
		}
	}
}

func TestWayAgain(t *testing.T) {
	for _, c := range []struct {
		name string
		was  []string
		want wayBack
	}{
		{"to a revision", []string{"create:1+", "upgrade:2+", "rollback:3-to1"}, wayBack{to: 1, since: 2}},
		{"undoing", []string{"create:1+", "upgrade:2-", "rollback:3-un2"}, wayBack{to: 1, since: 2, undoes: "s-2", only: true}},
		{"emptying", []string{"create:1-", "rollback-"}, wayBack{since: 1, only: true}},
	} {
		h := historyOf(told(t, c.was...))
		if got, err := h.again(h[0]); err != nil || got != c.want {
			t.Errorf("%s: %+v, %v; want %+v", c.name, got, err, c.want)
		}
	}
}

func TestUnfinished(t *testing.T) {
	for _, c := range []struct {
		name string
		was  []string
		want string
	}{
		{"nothing", nil, ""},
		{"created", []string{"create:1+"}, ""},
		{"creation failed", []string{"create:1-"}, "s-1"},
		{"upgrade failed, then refreshed", []string{"create:1+", "upgrade:2-", "refresh+"}, "s-2"},
		{"deletion failed", []string{"create:1+", "delete-"}, "s-2"},
		{"import failed", []string{"create:1+", "import-"}, "s-2"},
		{"deleted", []string{"create:1-", "delete+"}, ""},
	} {
		x, err := historyOf(told(t, c.was...)).unfinished()
		if (x == nil) != (c.want == "") || (err == nil) == (x == nil) || x != nil && x.ID != c.want {
			t.Errorf("%s: %v, %v; want %q", c.name, x, err, c.want)
		}
	}
}

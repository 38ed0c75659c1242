//go:build unix

package main

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
)

// chapter is one command that is disturbed, what comes before it, and what has
// to be true after it.
type chapter struct {
	name   string
	setup  [][]string // undisturbed commands that lead to where it begins
	broken []string   // a command that was killed after these, at its fourth changing request; nil: none
	offers string     // settings of the cloud that come after all these, as JSON; "": none
	args   []string   // the command that is killed
	plan   []string   // a plan that has nothing to do afterwards; nil: the stack is gone
}

// again are the commands that go on after a kill, in turn until one ends well:
// people try either.
func (c *chapter) again(retryFirst bool) [][]string {
	if retryFirst {
		return [][]string{{"retry", "-y"}, c.args}
	}
	return [][]string{c.args}
}

// idle are the words of a retry that finds nothing to go on with: what was
// killed had not begun to change anything, or had ended.
var idle = []string{"there is nothing to retry: ", "there is no stack "}

// everything may be lost: these are trials.
var consent = []string{"--allow-data-loss", "ledger,bank,trader,payments,documents"}

// chapterNames are all chapters of the matrix, in the order of the table.
var chapterNames = []string{"create", "upgrade", "rollback", "delete", "recovery", "hbs-create", "hbs-upgrade", "hbs-delete"}

// consortium are the chapters on blueprints/consortium: it is made whole, it is
// made smaller and then grows, it goes back from there, it is deleted, and it is
// made in spite of a process that has died already.
func consortium(root, dir string) ([]chapter, error) {
	whole := filepath.Join(root, "blueprints", "consortium")
	if _, err := os.Stat(whole); err != nil {
		return nil, fmt.Errorf("%w (run this in the root of the repository)", err)
	}
	small := filepath.Join(dir, "small")
	if err := withoutNodes(whole, small, "documents", "bank-in-documents", "trader-in-documents"); err != nil {
		return nil, err
	}
	apply := []string{"apply", whole, "-y"}
	plan := []string{"plan", whole}
	applySmall := []string{"apply", small, "-y", "--input", "peers=1"}
	return []chapter{
		{name: "create", args: apply, plan: plan},
		{name: "upgrade", setup: [][]string{applySmall}, args: apply, plan: plan},
		{
			name: "rollback", setup: [][]string{applySmall, apply},
			// Said twice it goes to the same revision: it may have ended when it was killed.
			args: []string{"rollback", "--to", "1", "-y", "--allow-data-loss", "documents"},
			plan: []string{"plan", small, "--input", "peers=1"},
		},
		{name: "delete", setup: [][]string{apply}, args: append([]string{"delete", "-y"}, consent...)},
		{name: "recovery", broken: apply, args: apply, plan: plan},
	}, nil
}

// settlement are the chapters on blueprints/hbs-raft, whose organizations are
// ordered and paid for: it is bought; its engine is upgraded while another
// organization joins; and it is unsubscribed from, which is its deletion.
func settlement(root string) []chapter {
	raft := filepath.Join(root, "blueprints", "hbs-raft")
	apply := []string{"apply", raft, "-y"}
	more := []string{"--input", "engine=1.0.2", "--input", "auditor=true"}
	return []chapter{
		{name: "hbs-create", args: apply, plan: []string{"plan", raft}},
		{
			name: "hbs-upgrade", setup: [][]string{apply}, offers: `{"versions": {"HuaweiCloudChain": "1.0.2"}}`,
			args: slices.Concat(apply, more), plan: slices.Concat([]string{"plan", raft}, more),
		},
		{name: "hbs-delete", setup: [][]string{apply}, args: []string{"delete", "-y", "--allow-data-loss", "chain,bank,trader"}},
	}
}

// withoutNodes copies a blueprint's folder, and leaves node templates out.
func withoutNodes(from, to string, nodes ...string) error {
	if err := copyDir(from, to); err != nil {
		return err
	}
	path := filepath.Join(to, "blueprint.yaml")
	text, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	block := regexp.MustCompile(`(?m)^  (` + strings.Join(nodes, "|") + `):\n(    .*\n|\n)+`)
	return os.WriteFile(path, block.ReplaceAll(text, nil), 0o600)
}

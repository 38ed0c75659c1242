//go:build unix

package main

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
)

// chapter is one command that is disturbed, what comes before it, and what has
// to be true after it.
type chapter struct {
	name   string
	setup  [][]string // undisturbed commands that lead to where it begins
	broken []string   // a command that was killed after these, at its fourth changing request; nil: none
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

// consortium are the chapters of the matrix, on blueprints/consortium: it is
// made whole, it is made smaller and then grows, it is deleted, and it is made in
// spite of a process that has died already.
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
	return []chapter{
		{name: "create", args: apply, plan: plan},
		{name: "upgrade", setup: [][]string{{"apply", small, "-y", "--input", "peers=1"}}, args: apply, plan: plan},
		{name: "delete", setup: [][]string{apply}, args: append([]string{"delete", "-y"}, consent...)},
		{name: "recovery", broken: apply, args: apply, plan: plan},
	}, nil
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

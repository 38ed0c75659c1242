// Package starter owns what a blueprint repository begins with: a blueprint, its
// inputs, settings, what git leaves out, a README and a pipeline. The name of a
// stack goes in, files come out. Where they are written, and what becomes of
// those that are there, is left to the caller.
package starter

import (
	"bytes"
	"embed"
	"fmt"
	"slices"
	"strings"
)

// texts are the files as they are for a stack that is called standIn, each valid
// as it stands.
//
//go:embed files
var texts embed.FS

// standIn is the name that gives way to that of the stack, wherever it stands.
const standIn = "my-network"

// File is one file of a repository.
type File struct {
	Path  string // from the root of the repository, with slashes
	Text  []byte
	About string // what it is for, as one clause
	Found Found
	// AtRoot is true if it counts only at the root of the git repository.
	AtRoot bool

	source string // in texts
}

// Found says what becomes of a file that is there already.
type Found string

// What becomes of files that are there already.
const (
	Refused  Found = ""         // it is in the way: nobody knows what it says
	Kept     Found = "kept"     // it stays as it is
	Extended Found = "extended" // it gets the lines that it lacks
)

// Pipeline is a service that runs pipelines.
type Pipeline string

// The services that there is a pipeline for.
const (
	GitHub     Pipeline = "github"
	GitLab     Pipeline = "gitlab"
	NoPipeline Pipeline = "none"
)

// common are the files of every repository, in the order in which they are best
// read.
var common = []File{
	{source: "blueprint.yaml", Path: "blueprint.yaml", About: "what is to be: a network with a subnet"},
	{source: "inputs.yaml", Path: "inputs.yaml", About: "values for its inputs"},
	{source: "orchestrate.yaml", Path: "orchestrate.yaml", About: "settings: the name of the stack"},
	{source: "gitignore", Path: ".gitignore", About: "keeps the state and saved plans out of git", Found: Extended},
	{source: "README.md", Path: "README.md", About: "the first commands", Found: Kept},
}

// pipelines lie where the services look for what they run.
var pipelines = map[Pipeline]File{
	GitHub: {source: "github.yml", Path: ".github/workflows/orchestrate.yml", About: "plans pull requests, applies what is merged", AtRoot: true},
	GitLab: {source: "gitlab.yml", Path: ".gitlab-ci.yml", About: "plans merge requests, applies what was agreed to", AtRoot: true},
}

// Files are those of a repository for a stack. An unknown pipeline is none.
func Files(stack string, p Pipeline) ([]File, error) {
	all := slices.Clone(common)
	if f, ok := pipelines[p]; ok {
		all = append(all, f)
	}
	for i := range all {
		text, err := texts.ReadFile("files/" + all[i].source)
		if err != nil {
			return nil, fmt.Errorf("read %s: %w", all[i].Path, err)
		}
		text = bytes.ReplaceAll(text, []byte(": "+standIn+"\n"), []byte(": "+scalar(stack)+"\n"))
		all[i].Text = bytes.ReplaceAll(text, []byte(standIn), []byte(stack))
	}
	return all, nil
}

// scalar is a name as YAML takes for a text: a few words some reader of it takes for
// something else.
func scalar(name string) string {
	switch name {
	case "null", "true", "false", "yes", "no", "on", "off", "y", "n":
		return `"` + name + `"`
	}
	return name
}

// Extend returns a list of lines, one of which nobody needs twice, with those of
// the file added that it lacks; nil if it lacks none. Comments are no lines.
func (f *File) Extend(there []byte) []byte {
	has := map[string]bool{}
	for line := range strings.Lines(string(there)) {
		has[strings.TrimSpace(line)] = true
	}
	var missing []string
	for line := range strings.Lines(string(f.Text)) {
		if line = strings.TrimSpace(line); line != "" && line[0] != '#' && !has[line] {
			missing = append(missing, line)
		}
	}
	if missing == nil {
		return nil
	}
	if len(there) > 0 && there[len(there)-1] != '\n' {
		missing = append([]string{""}, missing...)
	}
	return append(slices.Clone(there), strings.Join(missing, "\n")+"\n"...)
}

package diag

import (
	"encoding/json"
	"fmt"
	"io"
	"net/url"
	"path/filepath"
	"slices"
	"strings"
)

// Tool names the program in reports that say who made them.
type Tool struct {
	Name, Version, InformationURI string
}

// The parts of a SARIF 2.1.0 log that are written here (OASIS standard,
// section 3; the names are its own).
type (
	sarifLog struct {
		Schema  string     `json:"$schema"`
		Version string     `json:"version"`
		Runs    []sarifRun `json:"runs"`
	}
	sarifRun struct {
		Tool       sarifTool     `json:"tool"`
		ColumnKind string        `json:"columnKind"`
		Results    []sarifResult `json:"results"`
	}
	sarifTool struct {
		Driver sarifDriver `json:"driver"`
	}
	sarifDriver struct {
		Name           string      `json:"name"`
		Version        string      `json:"version,omitempty"`
		InformationURI string      `json:"informationUri,omitempty"`
		Rules          []sarifRule `json:"rules"`
	}
	sarifRule struct {
		ID                   Code        `json:"id"`
		ShortDescription     sarifText   `json:"shortDescription"`
		FullDescription      sarifText   `json:"fullDescription"`
		Help                 sarifText   `json:"help"`
		DefaultConfiguration sarifConfig `json:"defaultConfiguration"`
	}
	sarifConfig struct {
		Level string `json:"level"`
	}
	sarifText struct {
		Text string `json:"text"`
	}
	sarifResult struct {
		RuleID           Code            `json:"ruleId,omitempty"`
		RuleIndex        *int            `json:"ruleIndex,omitempty"`
		Level            string          `json:"level"`
		Message          sarifText       `json:"message"`
		Locations        []sarifLocation `json:"locations,omitempty"`
		RelatedLocations []sarifLocation `json:"relatedLocations,omitempty"`
	}
	sarifLocation struct {
		ID               *int          `json:"id,omitempty"`
		Message          *sarifText    `json:"message,omitempty"`
		PhysicalLocation sarifPhysical `json:"physicalLocation"`
	}
	sarifPhysical struct {
		ArtifactLocation sarifArtifact `json:"artifactLocation"`
		Region           *sarifRegion  `json:"region,omitempty"`
	}
	sarifArtifact struct {
		URI string `json:"uri"`
	}
	sarifRegion struct {
		StartLine   int `json:"startLine"`
		StartColumn int `json:"startColumn"`
		EndLine     int `json:"endLine"`
		EndColumn   int `json:"endColumn"` // exclusive
	}
)

// WriteSARIF writes a SARIF 2.1.0 log of one run. No source text goes into it.
func WriteSARIF(w io.Writer, l List, tool Tool) error {
	rules := rulesOf(l)
	run := sarifRun{
		Tool: sarifTool{sarifDriver{tool.Name, tool.Version, tool.InformationURI, make([]sarifRule, 0, len(rules))}},
		// Ours are characters; without saying so, UTF-16 units would be meant.
		ColumnKind: "unicodeCodePoints",
		Results:    make([]sarifResult, 0, len(l)),
	}
	for _, code := range rules {
		run.Tool.Driver.Rules = append(run.Tool.Driver.Rules, sarifRuleOf(code))
	}
	for _, d := range l {
		run.Results = append(run.Results, sarifResultOf(d, rules))
	}
	enc := json.NewEncoder(w)
	enc.SetEscapeHTML(false)
	enc.SetIndent("", "  ")
	log := sarifLog{"https://json.schemastore.org/sarif-2.1.0.json", "2.1.0", []sarifRun{run}}
	if err := enc.Encode(log); err != nil {
		return fmt.Errorf("write diagnostics as SARIF: %w", err)
	}
	return nil
}

// rulesOf lists the codes that occur, sorted, each once.
func rulesOf(l List) []Code {
	var codes []Code
	for _, d := range l {
		if d.Code != "" {
			codes = append(codes, d.Code)
		}
	}
	slices.Sort(codes)
	return slices.Compact(codes)
}

func sarifRuleOf(code Code) sarifRule {
	e, ok := Lookup(code)
	if !ok {
		e = Entry{Code: code, Severity: Error, Summary: string(code), Text: string(code)}
	}
	text := e.Prose()
	first, _, _ := strings.Cut(text, ". ")
	return sarifRule{
		ID: code, ShortDescription: sarifText{e.Summary}, FullDescription: sarifText{strings.TrimSuffix(first, ".") + "."},
		Help: sarifText{text}, DefaultConfiguration: sarifConfig{string(e.Severity)},
	}
}

func sarifResultOf(d Diagnostic, rules []Code) sarifResult {
	r := sarifResult{RuleID: d.Code, Level: string(d.Severity), Message: sarifText{d.message()}}
	if i, ok := slices.BinarySearch(rules, d.Code); ok {
		r.RuleIndex = &i
	}
	if d.Subject.InFile() {
		r.Locations = []sarifLocation{{PhysicalLocation: sarifPhysicalOf(d.Subject)}}
	}
	for _, rel := range d.Related {
		if rel.Range.InFile() {
			id := len(r.RelatedLocations) + 1
			r.RelatedLocations = append(r.RelatedLocations, sarifLocation{&id, &sarifText{rel.Message}, sarifPhysicalOf(rel.Range)})
		}
	}
	return r
}

// message is what a report says that shows the summary elsewhere or not at all.
func (d Diagnostic) message() string {
	if d.Detail == "" {
		return d.Summary
	}
	return d.Detail
}

func sarifPhysicalOf(r Range) sarifPhysical {
	p := sarifPhysical{ArtifactLocation: sarifArtifact{fileURI(r.File)}}
	if r.Start.Line > 0 {
		p.Region = &sarifRegion{r.Start.Line, r.Start.Column, r.End.Line, r.End.Column}
	}
	return p
}

// fileURI is the reference to a file: relative as the path is, with characters
// escaped that have a meaning in URIs.
func fileURI(file string) string {
	u := url.URL{Path: filepath.ToSlash(file)}
	if filepath.IsAbs(file) {
		u.Scheme = "file"
		if !strings.HasPrefix(u.Path, "/") {
			u.Path = "/" + u.Path // C:/...
		}
	}
	return u.String()
}

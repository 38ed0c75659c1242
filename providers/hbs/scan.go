package hbs

import (
	"archive/zip"
	"bytes"
	"context"
	"encoding/base64"
	"encoding/json"
	"io"
	"path"
	"slices"
	"strings"
)

const (
	// maxReportBytes is the longest report that is kept.
	maxReportBytes = 4 << 20
	// maxFindings is how many problems of a report are told.
	maxFindings = 20
)

// problemKeys are the names under which a report may list what it has found. No
// text of the service says what a report looks like inside.
var problemKeys = []string{"problems", "issues", "findings", "vulnerabilities"}

// report is what a scan has found.
type report struct {
	archive  string   // in base64; "" if it is longer than is kept
	findings []string // as far as it lists them in JSON
}

func (a api) report(ctx context.Context, instance, name string) (report, error) {
	file, err := fetchAgain(ctx, a, showContractReport, &reportRequest{instance, name, "en-us"})
	if err != nil {
		return report{}, err
	}
	r := report{findings: findingsIn(file)}
	if len(file) <= maxReportBytes {
		r.archive = base64.StdEncoding.EncodeToString(file)
	}
	return r, nil
}

// text tells the findings in one line.
func (r report) text() string { return strings.Join(r.findings, "; ") }

// findingsIn gathers the problems that a report lists, if it can be read.
func findingsIn(archive []byte) []string {
	files, err := zip.NewReader(bytes.NewReader(archive), int64(len(archive)))
	if err != nil {
		return nil
	}
	var out []string
	for _, f := range files.File {
		if path.Ext(f.Name) == ".json" {
			out = append(out, problemsIn(f)...)
		}
	}
	return out[:min(len(out), maxFindings)]
}

func problemsIn(f *zip.File) []string {
	r, err := f.Open()
	if err != nil {
		return nil
	}
	defer r.Close()
	var document map[string]json.RawMessage
	if json.NewDecoder(io.LimitReader(r, maxReportBytes)).Decode(&document) != nil {
		return nil
	}
	var out []string
	for key, list := range document {
		var problems []json.RawMessage
		if slices.Contains(problemKeys, key) && json.Unmarshal(list, &problems) == nil {
			for _, p := range problems {
				out = append(out, problemText(p))
			}
		}
	}
	slices.Sort(out)
	return out
}

// problemText is a problem in one line: a text as it is, anything else as JSON.
func problemText(p json.RawMessage) string {
	var text string
	if json.Unmarshal(p, &text) == nil {
		return strings.Join(strings.Fields(text), " ")
	}
	var line bytes.Buffer
	if json.Compact(&line, p) != nil {
		return ""
	}
	return line.String()
}

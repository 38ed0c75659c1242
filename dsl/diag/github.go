package diag

import (
	"bytes"
	"fmt"
	"io"
	"path/filepath"
	"strings"
)

// WriteGitHub writes each diagnostic as a workflow command of GitHub Actions,
// which shows it beside the line of the change. Columns are told for ranges on
// one line only, as GitHub asks for.
func WriteGitHub(w io.Writer, l List) error {
	var out bytes.Buffer
	for _, d := range l {
		out.WriteString("::" + string(d.Severity) + " ")
		if r := d.Subject; r.InFile() {
			out.WriteString("file=" + escapeProperty(filepath.ToSlash(r.File)) + ",")
			if r.Start.Line > 0 {
				out.WriteString(githubPlace(r) + ",")
			}
		}
		title := d.Summary
		if d.Code != "" {
			title = string(d.Code) + ": " + title
		}
		out.WriteString("title=" + escapeProperty(title) + "::" + escapeData(githubMessage(d)) + "\n")
	}
	if _, err := w.Write(out.Bytes()); err != nil {
		return fmt.Errorf("write annotations: %w", err)
	}
	return nil
}

// githubPlace gives the range; GitHub's last column is inclusive.
func githubPlace(r Range) string {
	if r.Start.Line != r.End.Line {
		return fmt.Sprintf("line=%d,endLine=%d", r.Start.Line, r.End.Line)
	}
	return fmt.Sprintf("line=%d,endLine=%d,col=%d,endColumn=%d", r.Start.Line, r.End.Line, r.Start.Column, max(r.End.Column-1, r.Start.Column))
}

// githubMessage adds the related places, which annotations have no field for.
func githubMessage(d Diagnostic) string {
	text := visible(d.message())
	for _, rel := range d.Related {
		text += "\n" + visible(rel.Range.String()+": "+rel.Message)
	}
	return text
}

// escapeData keeps a message on the one line of its command.
func escapeData(s string) string {
	return strings.NewReplacer("%", "%25", "\r", "%0D", "\n", "%0A").Replace(s)
}

// escapeProperty also escapes what separates properties.
func escapeProperty(s string) string {
	return strings.NewReplacer("%", "%25", "\r", "%0D", "\n", "%0A", ":", "%3A", ",", "%2C").Replace(s)
}

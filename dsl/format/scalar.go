package format

import (
	"fmt"
	"slices"
	"strings"
	"unicode"

	"github.com/orchestrate-tosca/orchestrate/dsl/internal/yamltree"
)

func (n *node) isBlockScalar() bool {
	return n.Form == yamltree.LiteralBlock || n.Form == yamltree.FoldedBlock
}

// isLong reports whether a scalar takes several lines.
func (n *node) isLong() bool {
	return n.isBlockScalar() && n.blockable() || strings.ContainsAny(n.Source, "\n\r") && !n.isBlockScalar() && !foreignBreaks(n.Source)
}

// blockable reports whether a text can be written as a block. The end of a
// folded one can't be told from the source if nothing but blanks stands there.
func (n *node) blockable() bool {
	body := strings.TrimRight(n.Text, "\n")
	last := body[strings.LastIndexByte(body, '\n')+1:]
	if n.Form == yamltree.FoldedBlock && strings.TrimSpace(last) == "" {
		return false
	}
	return body != "" && !foreignBreaks(body) && !strings.Contains(body, "\r")
}

// foreignBreaks reports whether a text has line breaks of YAML 1.1, which
// readers disagree about.
func foreignBreaks(s string) bool { return strings.ContainsAny(s, "\u0085\u2028\u2029") }

// scalarText returns a scalar in one line; flow tells that it stands between
// brackets.
func (n *node) scalarText(flow bool) string {
	switch n.Form {
	case yamltree.PlainScalar:
		return n.plainText(flow)
	case yamltree.DoubleQuoted:
		if strings.Contains(n.Source, `\`) && !strings.ContainsAny(n.Source, "\n\r") && !foreignBreaks(n.Source) {
			return n.Source // the author's escapes are as good as ours
		}
	}
	if n.Tag == "" && plainEnough(n.Text) {
		return n.Text
	}
	return quote(n.Text)
}

func (n *node) plainText(flow bool) string {
	switch {
	case n.Source == "" && (n.Tag == "!!str" || n.Tag == "!"):
		return "''" // nothing, called a text, is the empty one
	case n.Source == "" && flow:
		return "null" // {a: , b: } would be read by few
	case n.Source == "":
		return ""
	case strings.ContainsAny(n.Source, "\n\r") && (flow || foreignBreaks(n.Source)):
		if strings.Contains(n.Text, "\n") || foreignBreaks(n.Text) || !flowPlain(n.Text) {
			return quote(n.Text)
		}
		return n.Text
	case flow && !flowPlain(n.Source), n.Source == "-" || n.Source == "?": // alone, these begin an item or a key
		return quote(n.Text)
	}
	return n.Source
}

// keyText returns a key, which always stands on one line, in a form that fits
// brackets too.
func (n *node) keyText() string {
	return n.scalarText(true)
}

// flowPlain reports whether a text that stands without quotes outside of
// brackets can do so between them.
func flowPlain(s string) bool {
	return !strings.ContainsAny(s, ",[]{}?") && !strings.HasSuffix(s, ":")
}

// notTexts are the words that some version of YAML reads as something else.
var notTexts = []string{"false", "n", "no", "null", "off", "on", "true", "y", "yes"}

// plainEnough reports whether nobody, human or machine, could take a text
// without quotes for anything else. It says no to many texts that YAML would
// let pass: those that look like numbers, dates or booleans to some version of
// it, and those with any of its indicators.
func plainEnough(s string) bool {
	if s == "" || strings.HasPrefix(s, " ") || strings.HasSuffix(s, " ") {
		return false
	}
	if _, found := slices.BinarySearch(notTexts, strings.ToLower(s)); found {
		return false
	}
	for i, r := range s {
		letter := unicode.IsLetter(r)
		switch {
		case letter || r == '/' || r == '_':
		case i == 0 && r >= '0' && r <= '9':
			if !moreThanNumber(s) {
				return false
			}
		case i == 0, !unicode.IsDigit(r) && !unicode.IsMark(r) && !strings.ContainsRune(" -.+$()~;'@", r):
			return false
		}
	}
	return true
}

// moreThanNumber reports whether a text that begins with a digit is no number
// or date in any version of YAML.
func moreThanNumber(s string) bool {
	if strings.Contains(s, "/") || strings.Count(s, ".") > 1 {
		return true
	}
	return strings.ContainsFunc(s, func(r rune) bool {
		return unicode.IsLetter(r) && !strings.ContainsRune("abcdefoxtzABCDEFOXTZ", r)
	})
}

// quote returns a text in quotes: single ones, unless it holds some itself or
// something that must be escaped.
func quote(s string) string {
	printable := !strings.ContainsFunc(s, func(r rune) bool { return !unicode.IsPrint(r) })
	switch {
	case !printable:
		return escaped(s)
	case strings.Contains(s, "'") && !strings.ContainsAny(s, `"\`):
		return `"` + s + `"`
	}
	return "'" + strings.ReplaceAll(s, "'", "''") + "'"
}

// escaped returns a text in double quotes, with everything escaped that an eye
// can't see.
func escaped(s string) string {
	var b strings.Builder
	b.WriteByte('"')
	for _, r := range s {
		switch {
		case r == '\n':
			b.WriteString(`\n`)
		case r == '\t':
			b.WriteString(`\t`)
		case r == '"' || r == '\\':
			b.WriteByte('\\')
			b.WriteRune(r)
		case unicode.IsPrint(r):
			b.WriteRune(r)
		case r <= 0xff:
			fmt.Fprintf(&b, `\x%02X`, r)
		case r <= 0xffff:
			fmt.Fprintf(&b, `\u%04X`, r)
		default:
			fmt.Fprintf(&b, `\U%08X`, r)
		}
	}
	b.WriteByte('"')
	return b.String()
}

// longScalar prints a scalar that takes several lines.
func (p *printer) longScalar(e *entry, prefix string, indent int) {
	v := e.value
	if v.isBlockScalar() {
		p.blockScalar(e, prefix, indent)
		return
	}
	lines := strings.Split(unixLines(v.Source), "\n")
	first := join(prefix, join(v.properties(), trimFold(lines[0])))
	for _, l := range lines[1:] {
		p.line(strings.TrimRight(first, " \t"))
		if first = strings.TrimLeft(trimFold(l), " \t"); first != "" {
			first = spaces(indent+indentation) + first
		}
	}
	p.line(first + e.lineComment())
}

// trimFold removes the blanks at the end of a line, which folding ignores
// unless the last one is escaped.
func trimFold(line string) string {
	t := strings.TrimRight(line, " \t")
	if len(t) < len(line) && strings.HasSuffix(t, `\`) {
		return t + line[len(t):len(t)+1]
	}
	return t
}

func unixLines(s string) string {
	return strings.ReplaceAll(strings.ReplaceAll(s, "\r\n", "\n"), "\r", "\n")
}

// blockScalar prints a literal or folded scalar. A literal one is made from its
// text; of a folded one, the lines are its author's.
func (p *printer) blockScalar(e *entry, prefix string, indent int) {
	v := e.value
	body := strings.TrimRight(v.Text, "\n")
	breaks := len(v.Text) - len(body)
	header, lines := "|", strings.Split(body, "\n")
	if v.Form == yamltree.FoldedBlock {
		header, lines = ">", foldedLines(v)
	}
	if start := strings.TrimLeft(body, "\n"); start[0] == ' ' || start[0] == '\t' {
		header += fmt.Sprint(indentation) // the first line can't tell the indentation
	}
	switch breaks {
	case 0:
		header += "-"
	case 1:
	default:
		header += "+"
	}
	p.line(join(prefix, join(v.properties(), header)) + e.lineComment())
	for _, l := range lines {
		if l != "" {
			l = spaces(indent+indentation) + l
		}
		p.line(l)
	}
	for range breaks - 1 {
		p.line("")
	}
	p.kept = breaks > 1
}

// foldedLines are the lines of a folded scalar without its indentation, which
// is that of its first line less the blanks that belong to the text.
func foldedLines(v *node) []string {
	lines := strings.Split(unixLines(v.Source), "\n")[1:]
	text := strings.TrimLeft(v.Text, "\n")
	indent := 0
	for _, l := range lines {
		if t := strings.TrimLeft(l, " "); t != "" {
			indent = len(l) - len(t) - (len(text) - len(strings.TrimLeft(text, " ")))
			break
		}
	}
	for i, l := range lines {
		blanks := len(l) - len(strings.TrimLeft(l, " "))
		lines[i] = l[min(max(indent, 0), blanks):]
	}
	return lines
}

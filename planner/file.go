package planner

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"

	"github.com/orchestrate-tosca/orchestrate/dsl/diag"
	"github.com/orchestrate-tosca/orchestrate/dsl/intrinsic"
	"github.com/orchestrate-tosca/orchestrate/executor/state"
)

// FileFormat names the form of plan files that this package writes.
const FileFormat = "orchestrate-plan/1"

// Sealer encrypts the sensitive parts of a document for storage; the state
// store's keyring is one. scope is authenticated with the secrets: they open
// under no other.
type Sealer interface {
	Seal(scope string, d state.Document) (state.Document, error)
	Unseal(scope string, d state.Document) (state.Document, error)
}

// File is a saved plan: one readable JSON document. It holds what the plan was
// made from, so that applying it makes the plan again from the same blueprint
// and inputs and runs it only if every step is still the same; and the plan
// document, for readers and policy tools. Secrets are sealed.
type File struct {
	Format        string         `json:"format"`
	Version       string         `json:"orchestrate_version"`
	Stack         string         `json:"stack"`
	Lifecycle     string         `json:"lifecycle"`
	StateSerial   int64          `json:"state_serial"`
	Blueprint     FileBlueprint  `json:"blueprint"`
	Inputs        state.Document `json:"inputs"` // sealed; OpenInputs opens them
	AllowDataLoss []string       `json:"allow_data_loss,omitempty"`
	Replace       []string       `json:"replace,omitempty"`
	Targets       []string       `json:"targets,omitempty"`
	Retain        []string       `json:"retain,omitempty"`
	RefreshOnly   bool           `json:"refresh_only,omitempty"`
	Strict        bool           `json:"strict,omitempty"`
	ForceTrim     bool           `json:"force_trim,omitempty"`
	Catalogue     string         `json:"catalogue"` // digest of the node types in use
	Steps         []FileStep     `json:"steps"`
	// Secrets are digests of the secrets of the acting steps, sealed; nil: they
	// have none.
	Secrets *state.Document `json:"secrets,omitempty"`
	Plan    *Document       `json:"plan"`
	Digest  string          `json:"digest"` // SHA-256 over the file with an empty digest
}

// FileBlueprint is the source that the plan was made from; empty for a
// deletion.
type FileBlueprint struct {
	File   string `json:"filename,omitempty"`
	Source string `json:"source,omitempty"`
	// Files are the texts of the package that the blueprint uses besides, by
	// their names in it.
	Files map[string]string `json:"files,omitempty"`
	// Package is where the files are that properties name: what they hold is no part
	// of the plan, but their digests are.
	Package string `json:"package,omitempty"`
	// Sealed takes the place of both when a secret stands in them.
	Sealed *state.Document `json:"sealed,omitempty"`
}

// FileStep identifies one step: what it does, to which object, and a digest of
// what it starts from and leads to, without any secret.
type FileStep struct {
	Node     string `json:"node"`
	Action   Action `json:"action"`
	ObjectID string `json:"object_id,omitempty"`
	Digest   string `json:"digest"`
}

// NewFile puts a plan into the form in which it is saved. req is what it was
// made from.
func NewFile(p *Plan, req Request, version string, sealer Sealer) (*File, error) {
	inputs, err := sealer.Seal(fileScope(p.Stack), InputsDocument(p.Inputs))
	if err != nil {
		return nil, fmt.Errorf("seal the inputs of the plan: %w", err)
	}
	f := &File{
		Format: FileFormat, Version: version, Stack: p.Stack, Lifecycle: p.Lifecycle, StateSerial: p.Serial,
		Inputs:        inputs,
		AllowDataLoss: sortedKeys(req.AllowDataLoss), Replace: sortedKeys(req.Replace),
		Targets: sortedKeys(req.Targets), Retain: sortedKeys(req.Retain),
		RefreshOnly: req.RefreshOnly, Strict: req.Strict, ForceTrim: req.ForceTrim,
		Catalogue: typesDigest(p),
		Steps:     fileSteps(p), Plan: p.Document(version, nil),
	}
	if p.Blueprint != nil {
		if f.Blueprint, err = fileBlueprint(p, sealer); err != nil {
			return nil, err
		}
		f.Blueprint.Package = req.Package
	}
	if f.Secrets, err = sealSecrets(p, sealer); err != nil {
		return nil, err
	}
	f.Digest, err = f.digest()
	return f, err
}

func fileBlueprint(p *Plan, sealer Sealer) (FileBlueprint, error) {
	f := FileBlueprint{File: p.Blueprint.File, Source: string(p.Source)}
	for name, text := range p.Files {
		if f.Files == nil {
			f.Files = map[string]string{}
		}
		f.Files[name] = string(text)
	}
	if !p.SecretInText() {
		return f, nil
	}
	files := map[string]any{}
	for name, text := range f.Files {
		files[name] = text
	}
	sealed, err := sealer.Seal(fileScope(p.Stack), state.Document{
		Value: map[string]any{"source": f.Source, "files": files}, Sensitive: []string{"/files", "/source"},
	})
	if err != nil {
		return f, fmt.Errorf("seal the blueprint of the plan: %w", err)
	}
	return FileBlueprint{File: f.File, Sealed: &sealed}, nil
}

// OpenBlueprint fills in the texts of a sealed blueprint.
func (f *File) OpenBlueprint(sealer Sealer) error {
	if f.Blueprint.Sealed == nil {
		return nil
	}
	d, err := sealer.Unseal(fileScope(f.Stack), *f.Blueprint.Sealed)
	if err != nil {
		return fmt.Errorf("open the blueprint of the plan file: %w", err)
	}
	texts, _ := d.Value.(map[string]any)
	f.Blueprint.Source, _ = texts["source"].(string)
	files, _ := texts["files"].(map[string]any)
	f.Blueprint.Files = map[string]string{}
	for name, text := range files {
		f.Blueprint.Files[name], _ = text.(string)
	}
	return nil
}

// OpenInputs returns the inputs that the plan was made with.
func (f *File) OpenInputs(sealer Sealer) (map[string]intrinsic.Value, error) {
	d, err := sealer.Unseal(fileScope(f.Stack), f.Inputs)
	if err != nil {
		return nil, fmt.Errorf("open the inputs of the plan file: %w", err)
	}
	return InputsOf(d), nil
}

func fileScope(stack string) string { return "plan of stack " + stack }

// InputsDocument puts resolved inputs into the form in which they are stored.
func InputsDocument(inputs map[string]intrinsic.Value) state.Document {
	v := intrinsic.Of(inputs)
	return state.Document{Value: v.Plain(), Sensitive: v.SensitivePaths()}
}

// InputsOf is the inverse of InputsDocument.
func InputsOf(d state.Document) map[string]intrinsic.Value {
	m, _ := value(d).Map()
	return m
}

// Encode renders the file, ready to be written with mode 0600.
func (f *File) Encode() ([]byte, error) {
	b, err := json.MarshalIndent(f, "", "  ")
	if err != nil {
		return nil, fmt.Errorf("encode plan file: %w", err)
	}
	return append(b, '\n'), nil
}

// IsFile reports whether the bytes look like a plan file rather than a
// blueprint in JSON.
func IsFile(b []byte) bool {
	head, _, _ := bytes.Cut(b, []byte(","))
	return bytes.HasPrefix(b, []byte("{")) && bytes.Contains(head, []byte(`"format": "orchestrate-plan/`))
}

// ReadFile decodes a plan file and checks that it is whole. name is how it is
// shown.
func ReadFile(name string, b []byte) (*File, diag.List) {
	var f File
	var diags diag.List
	at := diag.Range{File: name}
	if err := json.Unmarshal(b, &f); err != nil {
		diags.Add(CodePlanFile, at, "The file is not a plan that `orchestrate plan --out` wrote: %v. Make the plan again.", err)
		return nil, diags
	}
	if f.Format != FileFormat {
		diags.Add(CodePlanFile, at, "The file has the format %q; this program reads %q. Make the plan again with this version.", f.Format, FileFormat)
		return nil, diags
	}
	want, err := f.digest()
	if err != nil || want != f.Digest {
		diags.Add(CodePlanFile, at, "The file was changed after it was written: its digest does not fit its content. Make the plan again.")
		return nil, diags
	}
	return &f, diags
}

func (f *File) digest() (string, error) {
	whole := *f
	whole.Digest = ""
	return digestOf(whole)
}

func digestOf(v any) (string, error) {
	b, err := json.Marshal(v)
	if err != nil {
		return "", fmt.Errorf("digest plan file: %w", err)
	}
	// Numbers and map order must not depend on how often the value was decoded.
	var generic any
	if err := json.Unmarshal(b, &generic); err != nil {
		return "", fmt.Errorf("digest plan file: %w", err)
	}
	if b, err = json.Marshal(generic); err != nil {
		return "", fmt.Errorf("digest plan file: %w", err)
	}
	sum := sha256.Sum256(b)
	return hex.EncodeToString(sum[:]), nil
}

package hbs

import (
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"path"
	"slices"

	"github.com/orchestrate-tosca/orchestrate/providers"
	"github.com/orchestrate-tosca/orchestrate/providers/huaweicloud"
)

// installContractNew installs a contract or another version of one. The others about
// contracts stand in look_contract.go.
var installContractNew = operation[instanceRequest, result]{name: "InstallContractNew", method: http.MethodPost, path: "huaweicloudchain/instances/{instance_id}/chain/contract"}

// States of contracts (API reference 2.5.6.2), also of those of Besu, for which no
// text lists any.
const (
	contractInstalling = "Installing"
	contractFailed     = "Failed"
	contractSuccess    = "Success"
)

// States of the security scan (same section); there are words for them in
// scanStates.
const (
	scanRunning  = 1
	scanFinished = 2
	scanFailed   = 3
)

// contract provides HBS.Contract. To install a contract and to install another
// version of it is one call, whose answer says nothing but that it was taken; what
// comes of it shows at the contract. Nothing removes one.
type contract struct {
	api
	huaweicloud.LooksFirst
}

// contractProperties are the properties of a contract.
type contractProperties struct {
	Instance    string          `json:"instanceId"`
	Name        string          `json:"name"`
	Version     string          `json:"version"`
	Type        string          `json:"type"`
	File        *providers.File `json:"file"`
	Code        string          `json:"byteCode"`
	Install     []string        `json:"installOrgs"`
	Endorse     []string        `json:"endorseOrgs"`
	Policy      string          `json:"endorsePolicy"`
	Scan        bool            `json:"securityCheck"`
	Description string          `json:"description"`
}

func contractOf(properties map[string]any) (contractProperties, error) {
	var want contractProperties
	err := providers.Decode(properties, &want)
	want.Policy = cmp.Or(want.Policy, "OR")
	return want, err
}

func (w *contractProperties) id() string { return huaweicloud.JoinPath(w.Instance, w.Name) }

// digest is the SHA-256 of the contract itself.
func (w *contractProperties) digest() string {
	if w.File != nil {
		return w.File.SHA256
	}
	sum := sha256.Sum256([]byte(w.Code))
	return hex.EncodeToString(sum[:])
}

// noteBefore says in an operation's notes what was there before.
const noteBefore = "before"

// mark tells one installation of a contract from another.
func (c *contractInfo) mark() string {
	if c == nil {
		return ""
	}
	return c.Version + " " + c.Status + " " + c.Installed
}

// Advance implements providers.Provider.
func (p contract) Advance(ctx context.Context, req *providers.Request, op providers.Operation, resumed bool) (providers.Progress, error) {
	if req.Action == providers.Delete {
		return providers.Progress{Done: true}, nil // there is no call for it
	}
	want, err := contractOf(req.Properties)
	if err != nil {
		return providers.Progress{}, err
	}
	in := &installation{contract: p, req: req, want: want, op: op}
	if req.Action == providers.Update && op.Stage == "" {
		there, err := in.there(ctx)
		if there || err != nil {
			return providers.Progress{Done: err == nil, Object: in.object}, err
		}
	}
	return in.creation().Advance(ctx, op, resumed)
}

// installation carries one Advance of a create or an update.
type installation struct {
	contract
	req    *providers.Request
	want   contractProperties
	op     providers.Operation
	object *providers.Object
}

// creation is how both run: an update makes another installation.
func (in *installation) creation() huaweicloud.Creation {
	return huaweicloud.Creation{
		What: "contract", Request: in.req, Late: in.c.Late(),
		Look: in.look, Send: in.send, Find: in.find, Wait: in.wait,
	}
}

// there reports whether the contract is as an update wants it.
func (in *installation) there(ctx context.Context) (bool, error) {
	read := *in.req
	read.Action = "" // what is there is judged by what is on record, not by what is wanted
	o, err := in.Read(ctx, &read)
	if err != nil {
		return false, err
	}
	have, err := contractOf(o.Properties)
	if err != nil {
		return false, err
	}
	in.object = o
	w := in.want
	same := have.Version == w.Version && slices.Equal(have.Install, w.Install) && slices.Equal(have.Endorse, w.Endorse) && have.Policy == w.Policy
	return same && (have.File == nil || have.File.SHA256 == w.digest()), nil
}

// look finds out what is there. A contract that somebody has installed is not ours
// to replace; one that could not be installed, or whose scan failed, is of no use to
// anybody.
func (in *installation) look(ctx context.Context) (map[string]string, error) {
	have, err := in.named(ctx, in.want.Instance, in.want.Name)
	switch {
	case err != nil:
		return nil, err
	case have == nil && in.req.Action == providers.Update:
		return nil, huaweicloud.Absent("contract", in.want.Name)
	case have == nil:
		return nil, nil
	case have.Status == contractInstalling:
		return nil, &providers.Error{
			Kind: providers.Busy, Operation: listContractsNew.name,
			Message: fmt.Sprintf("version %s of the contract %s is being installed", have.Version, have.Name),
		}
	case in.req.Action == providers.Create && !have.spoilt(in.want.Version):
		return nil, huaweicloud.Exists("contract", in.want.Name, "Give the contract another name, or take it into the stack: orchestrate import "+in.req.Node+" "+in.want.id()+".")
	}
	return map[string]string{noteBefore: have.mark()}, nil
}

// spoilt reports whether a contract may be replaced by a version although nobody
// knows whose it is.
func (c *contractInfo) spoilt(by string) bool {
	return c.Status == contractFailed || c.ScanStatus == scanFailed && c.Version != by
}

// made reports whether what is there is what the request makes.
func (in *installation) made(c *contractInfo) bool {
	return c != nil && c.Version == in.want.Version && c.mark() != in.op.Note[noteBefore]
}

func (in *installation) find(ctx context.Context) ([]huaweicloud.Found, error) {
	have, err := in.named(ctx, in.want.Instance, in.want.Name)
	if err != nil || !in.made(have) {
		return nil, err
	}
	f := huaweicloud.Found{Candidate: providers.Candidate{
		ID: in.want.id(), Name: have.Name, Parent: "instance " + in.want.Instance, Work: "version " + have.Version,
	}}
	if in.req.Action == providers.Create && have.SHA256 != "" && have.SHA256 != in.want.digest() {
		f.Doubt = "it was made of another file, if the service tells the digest of what was sent"
	}
	return []huaweicloud.Found{f}, nil
}

func (in *installation) send(ctx context.Context, op providers.Operation) (providers.Operation, error) {
	form, err := in.form(ctx)
	if err != nil {
		return providers.Operation{}, err
	}
	if _, err := installContractNew.upload(ctx, in.api, &instanceRequest{in.want.Instance}, form); err != nil {
		return providers.Operation{}, in.explain(ctx, in.want.Instance, err)
	}
	return providers.Operation{ObjectID: in.want.id(), Note: op.Note}, nil
}

// form is what is sent. Its file is read while it is.
func (in *installation) form(ctx context.Context) (*huaweicloud.Form, error) {
	w := in.want
	f := &huaweicloud.Form{Fields: []huaweicloud.Field{
		{Name: "name", Text: w.Name}, {Name: "version", Text: w.Version}, {Name: "type", Text: w.Type}, {Name: "endorse_policy", Text: w.Policy},
	}}
	for _, list := range []struct {
		field string
		names []string
	}{{"install_orgs", w.Install}, {"endorse_orgs", w.Endorse}} {
		if len(list.names) == 0 {
			continue
		}
		ids, err := in.onChain(ctx, w.Instance, list.names)
		if err != nil {
			return nil, err
		}
		text, err := json.Marshal(ids)
		if err != nil {
			return nil, err
		}
		f.Fields = append(f.Fields, huaweicloud.Field{Name: list.field, Text: string(text)})
	}
	for _, more := range []huaweicloud.Field{{Name: "description", Text: w.Description}, {Name: "byte_code", Text: w.Code}} {
		if more.Text != "" {
			f.Fields = append(f.Fields, more)
		}
	}
	if w.Scan {
		f.Fields = append(f.Fields, huaweicloud.Field{Name: "security_check", Text: "true"})
	}
	if w.File != nil {
		f.File = &huaweicloud.FormFile{
			Field: "file", Name: path.Base(w.File.Path), Media: "application/zip", Size: w.File.Size,
			Open: func() (io.ReadCloser, error) { return in.req.Open(ctx, *w.File) },
		}
		f.Sent = func(sent, size int64) {
			in.req.Tell(providers.Progress{Message: "uploading " + w.File.Path, Transfer: &providers.Transfer{Sent: sent, Size: size}})
		}
	}
	return f, nil
}

// wait follows the installation, and the scan after it.
func (in *installation) wait(ctx context.Context, op providers.Operation) (providers.Progress, error) {
	in.op = op
	wait := providers.Progress{Next: op, After: poll}
	have, err := in.named(ctx, in.want.Instance, in.want.Name)
	switch {
	case err != nil:
		return wait, err
	case !in.made(have):
		wait.Message = "version " + in.want.Version + " of the contract is not listed yet"
		return wait, nil
	case have.Status == contractInstalling:
		wait.Message, wait.Substeps = "version "+have.Version+" of the contract is being installed", in.steps("processing", "waiting")
		return wait, nil
	case have.Status == contractFailed:
		wait.Substeps = in.steps("failed", "waiting")
		wait.Substeps[0].Detail = have.Failure
		return wait, installFailed(have)
	case have.ScanStatus == scanRunning:
		wait.Message, wait.Substeps = "the contract is being scanned", in.steps("finished", "processing")
		return wait, nil
	case have.ScanStatus == scanFailed:
		wait.Substeps = in.steps("finished", "failed")
		return wait, in.scanFailed(ctx, have)
	}
	read := *in.req
	read.ObjectID, read.Attributes = in.want.id(), nil
	o, err := in.Read(ctx, &read)
	return done(o), err
}

// steps are the parts of the work, for people.
func (in *installation) steps(install, scan string) []providers.Substep {
	steps := []providers.Substep{{Name: "installation", Status: install}}
	if in.want.Scan {
		steps = append(steps, providers.Substep{Name: "security scan", Status: scan})
	}
	return steps
}

func installFailed(c *contractInfo) error {
	return &providers.Error{
		Kind: providers.Failed, Operation: listContractsNew.name,
		Message: fmt.Sprintf("the installation of version %s of the contract %s failed: %s", c.Version, c.Name, cmp.Or(c.Failure, "the service does not say why")),
		Advice:  "Correct the contract, then apply again; the version may stay as it is.",
	}
}

// scanFailed is the failure of a scan, with what its report says.
func (in *installation) scanFailed(ctx context.Context, c *contractInfo) error {
	e := &providers.Error{
		Kind: providers.Failed, Operation: listContractsNew.name,
		Message: fmt.Sprintf("the security scan of version %s of the contract %s failed", c.Version, c.Name),
		Advice:  "Correct the contract and give it another version, then apply again.",
	}
	r, err := in.report(ctx, in.want.Instance, c.Name)
	if err == nil && len(r.findings) > 0 {
		e.Message += ": " + r.text()
	}
	return e
}

// named returns the contract of a name; nil if the chain has none. A contract that
// is not in the whole list is not there.
func (a api) named(ctx context.Context, instance, name string) (*contractInfo, error) {
	all, err := a.contracts(ctx, instance)
	for i := range all {
		if all[i].Name == name {
			return &all[i], nil
		}
	}
	return nil, err
}

// contracts lists those of a chain that is not of Besu.
func (a api) contracts(ctx context.Context, instance string) ([]contractInfo, error) {
	return pages(chainPage, func(offset, limit int) ([]contractInfo, error) {
		r, err := listContractsNew.read(ctx, a, &instancePageRequest{instance, offset, limit})
		if err != nil {
			return nil, err
		}
		return r.Contracts, nil
	})
}

// Read implements providers.Provider.
func (p contract) Read(ctx context.Context, req *providers.Request) (*providers.Object, error) {
	parts, err := huaweicloud.SplitPath("HBS.Contract", req.ObjectID, "instance", 2)
	if err != nil {
		return nil, err
	}
	c, err := p.named(ctx, parts[0], parts[1])
	if err != nil {
		return nil, err
	}
	if c == nil {
		return nil, huaweicloud.Absent("contract", parts[1])
	}
	properties, err := p.properties(ctx, parts[0], c, req)
	if err != nil {
		return nil, err
	}
	attributes, err := p.attributes(ctx, parts[0], c, req)
	if err != nil {
		return nil, err
	}
	return &providers.Object{ID: req.ObjectID, Attributes: attributes, Properties: properties}, nil
}

// properties are those that can be read back. What could not be installed is
// neither the former version nor the new one.
func (p contract) properties(ctx context.Context, instance string, c *contractInfo, req *providers.Request) (map[string]any, error) {
	orgs, err := p.organizations(ctx, instance)
	if err != nil {
		return nil, err
	}
	names := func(ids []string) []any {
		out := make([]any, len(ids))
		for i, id := range ids {
			at := slices.IndexFunc(orgs, func(o orgInfo) bool { return o.ChainID == id })
			if out[i] = id; at >= 0 {
				out[i] = orgs[at].Name
			}
		}
		return out
	}
	out := map[string]any{
		"instanceId": instance, "name": c.Name, "version": c.Version, "type": c.Type, "endorsePolicy": c.Policy,
		"installOrgs": names(c.InstallOrgs), "endorseOrgs": names(c.EndorseOrgs), "securityCheck": c.Scan, "description": c.Description,
	}
	if c.Status == contractFailed {
		out["version"] = c.Version + " (failed)"
	}
	recorded := huaweicloud.Recorded(req)
	for _, name := range []string{"installOrgs", "endorseOrgs"} {
		out[name] = inOrderOf(recorded[name], out[name].([]any))
	}
	for _, name := range []string{"securityCheck", "description"} { // what counts is what they were when this version was installed
		if was, known := recorded[name]; known {
			out[name] = was
		}
	}
	if file := p.file(c, req); file != nil {
		out["file"] = file
	}
	return huaweicloud.AsRecorded(out, recorded), nil
}

// inOrderOf gives a list the order of the recorded one if both hold the same: the
// service may have another.
func inOrderOf(recorded any, read []any) []any {
	was, _ := recorded.([]any)
	if len(was) != len(read) {
		return read
	}
	for _, name := range was {
		if !slices.Contains(read, name) {
			return read
		}
	}
	return was
}

// file is what the contract was made of. The service may tell another digest than
// that of what was sent, so what it told after the installation counts.
func (p contract) file(c *contractInfo, req *providers.Request) map[string]any {
	if c.Type == "solidity" || c.SHA256 == "" {
		return nil
	}
	recorded, _ := huaweicloud.Recorded(req)["file"].(map[string]any)
	told, known := req.Attributes["fileHash"]
	switch {
	case recorded != nil && (recorded["sha256"] == c.SHA256 || known && told == c.SHA256):
		return recorded
	case recorded != nil && !known && req.Action != "": // this installation is the one that has just been made
		return recorded
	}
	return map[string]any{"sha256": c.SHA256}
}

// attributes are those of a contract. The report of its scan is fetched once.
func (p contract) attributes(ctx context.Context, instance string, c *contractInfo, req *providers.Request) (map[string]any, error) {
	out := map[string]any{
		"refID": req.ObjectID, "refName": c.Name, "status": c.Status, "chainId": c.Chain, "fileHash": c.SHA256, "installTime": c.Installed,
		"scanStatus": cmp.Or(scanStates[c.ScanStatus], "none"), "scanReport": "", "scanFindings": []any{},
	}
	if c.ScanStatus != scanFinished {
		return out, nil
	}
	if was := req.Attributes; was["installTime"] == c.Installed && was["fileHash"] == c.SHA256 && was["scanStatus"] == out["scanStatus"] {
		out["scanReport"], out["scanFindings"] = was["scanReport"], was["scanFindings"]
		return out, nil
	}
	r, err := p.report(ctx, instance, c.Name)
	if err != nil {
		return nil, err
	}
	out["scanReport"], out["scanFindings"] = r.archive, huaweicloud.Texts(r.findings)
	return out, nil
}

// ReadAll implements providers.Lister.
func (p contract) ReadAll(ctx context.Context, reqs []*providers.Request) ([]providers.Reading, error) {
	return huaweicloud.ReadEach(ctx, reqs, p.Read)
}

// Search implements providers.Searcher.
func (p contract) Search(ctx context.Context, req *providers.Request, op providers.Operation) ([]providers.Candidate, error) {
	want, err := contractOf(req.Properties)
	if err != nil {
		return nil, err
	}
	all, err := (&installation{contract: p, req: req, want: want, op: op}).find(ctx)
	return huaweicloud.Fresh(op, all), err
}

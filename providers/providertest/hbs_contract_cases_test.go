package providertest_test

import (
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/orchestrate-tosca/orchestrate/providers"
	"github.com/orchestrate-tosca/orchestrate/providers/emulator"
	"github.com/orchestrate-tosca/orchestrate/providers/providertest"
)

// jarFile is a contract in Java of about so many bytes, as an archive.
func jarFile(t *testing.T, size int) []byte {
	t.Helper()
	return providertest.Zip(t, "contract.jar", make([]byte, size))
}

// contractBench is a chain and what is made on it.
type contractBench struct {
	*cloud
	id    string
	files shelf
}

func newContractBench(t *testing.T) *contractBench {
	t.Helper()
	c := newCloud(t)
	return &contractBench{c, c.make(t, "HBS.Instance", "chain", chain("chain-1", "alpha", "beta")).ID, shelf{}}
}

func (b *contractBench) goContract(t *testing.T, text string, over map[string]any) map[string]any {
	t.Helper()
	return with(trade(b.id, b.files.put("contracts/trade.zip", goFile(t, text))), over)
}

func (b *contractBench) install(t *testing.T, properties map[string]any) (*providers.Object, error) {
	t.Helper()
	req := creation("HBS.Contract", "trade", properties)
	req.Content = b.files.open
	o, _, err := b.play(t, req, providers.Operation{}, false)
	return o, err
}

func (b *contractBench) update(t *testing.T, o *providers.Object, prior, properties map[string]any) (*providers.Object, error) {
	t.Helper()
	req := creation("HBS.Contract", "trade", properties)
	req.Action, req.ObjectID, req.Prior, req.Attributes, req.Content = providers.Update, o.ID, prior, o.Attributes, b.files.open
	o, _, err := b.play(t, req, providers.Operation{}, false)
	return o, err
}

func (b *contractBench) read(t *testing.T, o *providers.Object, recorded map[string]any) *providers.Object {
	t.Helper()
	got, err := b.registry["HBS.Contract"].Read(t.Context(), &providers.Request{
		Type: "HBS.Contract", ObjectID: o.ID, Properties: recorded, Prior: recorded, Attributes: o.Attributes,
	})
	if err != nil {
		t.Fatal(err)
	}
	return got
}

// What is longer than may be signed for comes with a token, and people are told how
// far it is.
func TestHBSContractLong(t *testing.T) {
	b := newContractBench(t)
	properties := with(trade(b.id, b.files.put("contracts/long.zip", jarFile(t, 13<<20))), map[string]any{"type": "java"})
	req := creation("HBS.Contract", "trade", properties)
	var told []providers.Transfer
	req.Content, req.Told = b.files.open, func(p providers.Progress) { told = append(told, *p.Transfer) }
	o, _, err := b.play(t, req, providers.Operation{}, false)
	if err != nil {
		t.Fatal(err)
	}
	file := properties["file"].(map[string]any)
	if o.Attributes["fileHash"] != file["sha256"] {
		t.Errorf("the service has %v, sent was %v", o.Attributes["fileHash"], file["sha256"])
	}
	if last := told[len(told)-1]; len(told) < 10 || last.Sent != last.Size || last.Size != file["size"] {
		t.Errorf("told %d times, last %+v", len(told), last)
	}
	if !slices.Contains(b.called, "KeystoneCreateUserTokenByPassword") {
		t.Errorf("no token was asked for: %v", b.called)
	}
}

// The report of a scan is kept, and fetched once.
func TestHBSContractScanned(t *testing.T) {
	b := newContractBench(t)
	properties := b.goContract(t, "package main", map[string]any{"securityCheck": true})
	o, err := b.install(t, properties)
	if err != nil {
		t.Fatal(err)
	}
	if a := o.Attributes; a["scanStatus"] != "finished" || a["scanReport"] == "" || len(a["scanFindings"].([]any)) != 0 {
		t.Errorf("got %v", a)
	}
	again := b.read(t, o, properties)
	if n := countOf(b.called, "ShowContractReport"); n != 1 || again.Attributes["scanReport"] != o.Attributes["scanReport"] {
		t.Errorf("the report was fetched %d times", n)
	}
	// Only what is installed anew is scanned anew.
	other := with(properties, map[string]any{"securityCheck": false, "description": "other"})
	o, err = b.update(t, o, properties, other)
	if err != nil || countOf(b.called, "InstallContractNew") != 1 {
		t.Errorf("%v, %v", o, err)
	}
	if got := b.read(t, o, other).Properties; got["securityCheck"] != false || got["description"] != "other" {
		t.Errorf("read as %v, which is no change", got)
	}
}

func countOf(all []string, name string) int {
	n := 0
	for _, one := range all {
		if one == name {
			n++
		}
	}
	return n
}

// A contract that somebody has installed is left alone; one that could not be
// installed is taken.
func TestHBSContractInTheWay(t *testing.T) {
	b := newContractBench(t)
	properties := b.goContract(t, "package main", nil)
	b.faults.Add(emulator.Rule{Operation: "InstallContractNew", Times: 1, Fault: emulator.FailOperation("no compiler")})
	_, err := b.install(t, properties)
	fails(t, err, providers.Failed, "installation of version 1.0", "no compiler")
	o, err := b.install(t, properties)
	if err != nil {
		t.Fatal(err)
	}
	_, err = b.install(t, with(properties, map[string]any{"version": "2.0"}))
	if e := fails(t, err, providers.Conflict, "trade exists already"); !strings.Contains(e.Advice, "orchestrate import trade "+o.ID) {
		t.Errorf("advice %q", e.Advice)
	}
}

// A failed update is neither the old version nor the new one, so that it is tried
// again, also on the way back.
func TestHBSContractUpdateFailed(t *testing.T) {
	b := newContractBench(t)
	old := b.goContract(t, "package main", nil)
	o, err := b.install(t, old)
	if err != nil {
		t.Fatal(err)
	}
	next := b.goContract(t, "package other", map[string]any{"version": "1.1"})
	b.faults.Add(emulator.Rule{Operation: "InstallContractNew", Times: 1, Fault: emulator.FailOperation("no compiler")})
	_, err = b.update(t, o, old, next)
	fails(t, err, providers.Failed, "version 1.1", "no compiler")
	if got := b.read(t, o, old).Properties; got["version"] != "1.1 (failed)" {
		t.Errorf("read as %v", got["version"])
	}
	if o, err = b.update(t, o, with(old, map[string]any{"version": "1.1 (failed)"}), old); err != nil || o.Properties["version"] != "1.0" {
		t.Fatalf("%v, %v", o, err)
	}
	if diff := b.read(t, o, old).Properties; diff["file"].(map[string]any)["sha256"] != old["file"].(map[string]any)["sha256"] {
		t.Errorf("read as %v", diff["file"])
	}
}

// What somebody else has installed shows.
func TestHBSContractDrift(t *testing.T) {
	b := newContractBench(t)
	ours := b.goContract(t, "package main", nil)
	o, err := b.install(t, ours)
	if err != nil {
		t.Fatal(err)
	}
	theirs := b.goContract(t, "package theirs", map[string]any{"version": "9", "endorsePolicy": "AND"})
	if _, err := b.update(t, o, ours, theirs); err != nil {
		t.Fatal(err)
	}
	got := b.read(t, o, ours).Properties
	if got["version"] != "9" || got["endorsePolicy"] != "AND" || got["file"].(map[string]any)["sha256"] != theirs["file"].(map[string]any)["sha256"] {
		t.Errorf("read as %v", got)
	}
}

// What the service is going to refuse is known before.
func TestHBSContractPreflight(t *testing.T) {
	b := newContractBench(t)
	properties := b.goContract(t, "package main", nil)
	o, err := b.install(t, properties)
	if err != nil {
		t.Fatal(err)
	}
	p := b.registry["HBS.Contract"].(providers.Preflighter)
	judge := func(req *providers.Request) string {
		t.Helper()
		found, err := p.Preflight(t.Context(), []*providers.Request{req})
		if err != nil {
			t.Fatal(err)
		}
		var out []string
		for _, f := range found {
			out = append(out, f.Property+": "+f.Message)
		}
		return strings.Join(out, "\n")
	}
	update := func(over map[string]any) *providers.Request {
		return &providers.Request{Action: providers.Update, Type: "HBS.Contract", Node: "trade", ObjectID: o.ID, Prior: properties, Properties: with(maps.Clone(properties), over)}
	}
	other := b.files.put("contracts/trade.zip", goFile(t, "package other"))
	for says, req := range map[string]*providers.Request{
		"version: file of the contract trade changes, and version 1.0 of it is installed already": update(map[string]any{"file": other}),
		"version: installOrgs of the contract trade changes":                                      update(map[string]any{"installOrgs": []any{"alpha"}}),
		"version: endorseOrgs of the contract trade changes":                                      update(map[string]any{"endorseOrgs": []any{"beta"}}),
		"version: endorsePolicy of the contract trade changes":                                    update(map[string]any{"endorsePolicy": "AND"}),
		"name: The chain has a contract trade already, of version 1.0":                            creation("HBS.Contract", "again", properties),
		"instanceId: The instance 00000000":                                                       creation("HBS.Contract", "again", with(properties, map[string]any{"instanceId": nowhere})),
	} {
		if got := judge(req); !strings.HasPrefix(got, says) {
			t.Errorf("got %q, want %q", got, says)
		}
	}
	for _, req := range []*providers.Request{
		update(map[string]any{"file": other, "version": "1.1"}), update(map[string]any{"description": "new", "securityCheck": true}),
		creation("HBS.Contract", "other", with(properties, map[string]any{"name": "other"})),
	} {
		if got := judge(req); got != "" {
			t.Errorf("unexpected: %s", got)
		}
	}
}

// A file that is not kept any more fails the step before anything is sent.
func TestHBSContractWithoutItsFile(t *testing.T) {
	b := newContractBench(t)
	properties := b.goContract(t, "package main", nil)
	clear(b.files)
	if _, err := b.install(t, properties); err == nil || slices.Contains(b.called, "InstallContractNew") {
		t.Errorf("%v; called %v", err, b.called)
	}
	req := creation("HBS.Contract", "trade", properties)
	if _, err := req.Open(t.Context(), providers.File{Path: "f"}); err == nil {
		t.Error("a request without files opens one")
	}
}

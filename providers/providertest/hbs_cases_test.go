package providertest_test

import (
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/orchestrate-tosca/orchestrate/providers"
	"github.com/orchestrate-tosca/orchestrate/providers/emulator"
	"github.com/orchestrate-tosca/orchestrate/providers/providertest"
)

// play advances an action from op until it is done or fails for good.
func (c *cloud) play(t *testing.T, req *providers.Request, op providers.Operation, resumed bool) (*providers.Object, providers.Operation, error) {
	t.Helper()
	p, err := c.registry.For(req.Type)
	if err != nil {
		t.Fatal(err)
	}
	for range 2000 {
		progress, err := p.Advance(t.Context(), req, op, resumed)
		if err != nil || progress.Done {
			return progress.Object, op, err
		}
		op, resumed = progress.Next, false
		if err := pass(t.Context(), progress.After); err != nil {
			t.Fatal(err)
		}
	}
	t.Fatalf("%s %s does not end: %+v", req.Action, req.Type, op)
	return nil, op, nil
}

// fails expects a failure of a kind whose message has all of the words.
func fails(t *testing.T, err error, kind providers.Kind, words ...string) *providers.Error {
	t.Helper()
	e := providertest.Failure(t, err)
	for _, w := range words {
		if !strings.Contains(e.Message, w) {
			t.Errorf("%q does not say %q", e.Message, w)
		}
	}
	if e.Kind != kind || e.Advice == "" {
		t.Errorf("%s: %v (advice %q), want %s", e.Kind, e, e.Advice, kind)
	}
	return e
}

// orderIn returns the ID of an order that a text names.
func orderIn(t *testing.T, text string) string {
	t.Helper()
	for _, word := range strings.Fields(text) {
		if strings.HasPrefix(word, "CS") {
			return word
		}
	}
	t.Fatalf("%q names no order", text)
	return ""
}

func unpaid(name string) map[string]any {
	return with(chain(name, "alpha"), map[string]any{"orgOrderInfo": with(paid(), map[string]any{"isAutoPay": false})})
}

// Work on what nobody has paid stops, names the order, and goes on when it is paid.
func TestHBSUnpaid(t *testing.T) {
	c := newCloud(t)
	req := creation("HBS.Instance", "chain", unpaid("chain-1"))
	_, op, err := c.play(t, req, providers.Operation{}, false)
	e := fails(t, err, providers.Unexpected, "instance chain-1 waits for the payment of order CS", "36000 CNY")
	if order := orderIn(t, e.Message); op.Note["order"] != order {
		t.Errorf("%+v does not name order %s", op, order)
	}
	settling := *req
	settling.Settling = true
	_, _, err = c.play(t, &settling, op, true)
	fails(t, err, providers.Failed, "nobody has paid order CS")

	req.Properties = with(req.Properties, map[string]any{"payOrder": true})
	o, _, err := c.play(t, req, op, true)
	if err != nil || o.Attributes["status"] != "Available" {
		t.Fatalf("%+v, %v", o, err)
	}
	if did := c.done(t); !slices.Equal(did, []string{"CreateInstance", "PayOrders"}) {
		t.Errorf("did %v", did)
	}
}

// The order of what was found after a lost answer is found by its time.
func TestHBSUnpaidAndLost(t *testing.T) {
	c := newCloud(t)
	req := creation("HBS.Instance", "chain", unpaid("chain-1"))
	c.lose.Store(true)
	_, op, err := c.play(t, req, providers.Operation{}, false)
	fails(t, err, providers.Ambiguous)
	_, op, err = c.play(t, req, op, true)
	id := orderIn(t, fails(t, err, providers.Unexpected, "waits for the payment of order CS").Message)

	// To delete it cancels the order; the instance goes with it.
	_, _, err = c.play(t, deletion("HBS.Instance", "chain", op.ObjectID, req.Properties), providers.Operation{}, false)
	if did := c.done(t); err != nil || !slices.Equal(did, []string{"CreateInstance", "CancelCustomerOrder"}) {
		t.Errorf("%v, did %v to %s", err, did, id)
	}
}

// An order that can't be paid leaves the work open too.
func TestHBSUnpayable(t *testing.T) {
	c := newCloud(t)
	c.faults.Add(emulator.Rule{Operation: "PayOrders", Times: 1, Fault: emulator.Fault{Status: 400, Code: "CBC.99003626", Message: "the balance is too low"}})
	req := creation("HBS.Instance", "chain", with(unpaid("chain-1"), map[string]any{"payOrder": true}))
	_, op, err := c.play(t, req, providers.Operation{}, false)
	fails(t, err, providers.Unexpected, "refused: the balance is too low")
	if _, _, err = c.play(t, req, op, true); err != nil {
		t.Error(err)
	}
}

// What asks for a change while the whole instance is unpaid is told the order.
func TestHBSChangeOfUnpaid(t *testing.T) {
	c := newCloud(t)
	_, op, _ := c.play(t, creation("HBS.Instance", "chain", unpaid("chain-1")), providers.Operation{}, false)
	_, _, err := c.play(t, creation("HBS.Organization", "beta", map[string]any{
		"instanceId": op.ObjectID, "name": "beta", "orgOrderInfo": paid(),
	}), providers.Operation{}, false)
	fails(t, err, providers.Failed, "waiting for payment: order CS")
}

// The engine is upgraded to the newest version, if an older one than wanted runs.
func TestHBSUpgrade(t *testing.T) {
	c := newCloud(t)
	for kind, versions := range map[string][3]string{"HuaweiCloudChain": {"1.0.1.2", "1.0.2", "1.0.10"}, "Besu": {"22.10.3", "22.10.4", "23.1"}} {
		properties := with(chain("chain-"+strings.ToLower(kind), "alpha"), map[string]any{"kind": kind, "chainEngineVersion": versions[0]})
		if kind == "Besu" {
			properties["name"] = "chain-2"
		}
		o := c.make(t, "HBS.Instance", "chain", properties)
		c.set(t, emulator.Settings{Versions: map[string]string{kind: versions[1]}})
		change := func(version string) (*providers.Object, error) {
			req := update("HBS.Instance", "chain", o.ID, with(properties, map[string]any{"chainEngineVersion": version}))
			req.Prior = properties
			got, _, err := c.play(t, req, providers.Operation{}, false)
			return got, err
		}
		got, err := change(versions[1])
		if err != nil || got.Attributes["chainEngineVersion"] != versions[1] || got.Properties["chainEngineVersion"] != versions[1] {
			t.Fatalf("%s: %+v, %v", kind, got, err)
		}
		// There is no way back, and none is tried: a newer engine is as good.
		before := len(c.done(t))
		got, err = change(versions[0])
		if err != nil || len(c.done(t)) != before || got.Attributes["chainEngineVersion"] != versions[1] || got.Properties["chainEngineVersion"] != versions[0] {
			t.Errorf("%s: %+v, %v", kind, got, err)
		}
		_, err = change(versions[2])
		if e := providertest.Failure(t, err); e.Kind != providers.Invalid {
			t.Errorf("%s: %v", kind, err)
		}
	}
}

// What the service says of a job that failed is told, whatever it was to do.
func TestHBSFailedJob(t *testing.T) {
	c := newCloud(t)
	const reason = "no nodes are left"
	fail := func(operation string) {
		c.faults.Add(emulator.Rule{Operation: operation, Times: 1, Fault: emulator.FailOperation(reason)})
	}
	properties := chain("chain-1", "alpha")
	fail("CreateInstance")
	_, op, err := c.play(t, creation("HBS.Instance", "chain", properties), providers.Operation{}, false)
	fails(t, err, providers.Failed, "(CreateInstance) failed", reason)

	remove := deletion("HBS.Instance", "chain", op.ObjectID, properties)
	fail("CancelResourcesSubscription")
	_, _, err = c.play(t, remove, providers.Operation{}, false)
	fails(t, err, providers.Failed, "(DeleteInstance) failed", reason)
	if _, _, err = c.play(t, remove, providers.Operation{}, false); err != nil {
		t.Fatal(err)
	}

	o := c.make(t, "HBS.Instance", "chain", properties)
	join := creation("HBS.Organization", "beta", map[string]any{"instanceId": o.ID, "name": "beta", "orgOrderInfo": paid()})
	fail("CreateOrganization")
	_, op, err = c.play(t, join, providers.Operation{}, false)
	fails(t, err, providers.Failed, "(CreateOrganization) failed", reason)
	if _, _, err = c.play(t, deletion("HBS.Organization", "beta", op.ObjectID, join.Properties), providers.Operation{}, false); err != nil {
		t.Fatal(err)
	}
	if _, _, err = c.play(t, join, providers.Operation{}, false); err != nil {
		t.Fatal(err)
	}
}

// An instance goes with its last organization, which therefore does not go alone.
func TestHBSLastOrganization(t *testing.T) {
	c := newCloud(t)
	o := c.make(t, "HBS.Instance", "chain", chain("chain-1", "alpha"))
	_, _, err := c.play(t, deletion("HBS.Organization", "alpha", o.ID+"/alpha", map[string]any{"instanceId": o.ID, "name": "alpha"}), providers.Operation{}, false)
	fails(t, err, providers.Conflict, "is the last one")
}

// Many organizations take several cancellations, ten at a time.
func TestHBSManyOrganizations(t *testing.T) {
	c := newCloud(t)
	var names []string
	for _, n := range "abcdefghijkl" {
		names = append(names, "org"+string(n))
	}
	properties := with(chain("chain-1", names...), map[string]any{"edition": "Platinum"})
	o := c.make(t, "HBS.Instance", "chain", properties)
	_, _, err := c.play(t, deletion("HBS.Instance", "chain", o.ID, properties), providers.Operation{}, false)
	if did := c.done(t); err != nil || len(did) != 3 {
		t.Errorf("%v, did %v", err, did)
	}
}

// The records of jobs go with their instance if that is asked for, and those of
// others stay.
func TestHBSJobRecords(t *testing.T) {
	c := newCloud(t)
	c.make(t, "HBS.Instance", "other", chain("chain-1-other", "alpha"))
	properties := with(chain("chain-1", "alpha"), map[string]any{"deleteJobs": true})
	o := c.make(t, "HBS.Instance", "chain", properties)
	c.make(t, "HBS.Organization", "beta", map[string]any{"instanceId": o.ID, "name": "beta", "orgOrderInfo": paid(), "payOrder": false})
	if _, _, err := c.play(t, deletion("HBS.Instance", "chain", o.ID, properties), providers.Operation{}, false); err != nil {
		t.Fatal(err)
	}
	if did := c.done(t); did[len(did)-1] != "DeleteHuaweiChainJobs" {
		t.Errorf("did %v", did)
	}
	all, err := c.emulator.Objects(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	left := slices.DeleteFunc(all, func(x emulator.Object) bool { return x.Kind != "hbs.job" })
	if len(left) != 1 || left[0].Name != "chain-1-other" {
		t.Errorf("left are %+v", left)
	}
}

// An organization that was made later under the name of one that is gone is
// another one.
func TestHBSNamesake(t *testing.T) {
	c := newCloud(t)
	id := c.make(t, "HBS.Instance", "chain", chain("chain-1", "alpha")).ID
	properties := map[string]any{"instanceId": id, "name": "beta", "orgOrderInfo": paid(), "payOrder": false}
	first := c.make(t, "HBS.Organization", "beta", properties)
	gone := deletion("HBS.Organization", "beta", first.ID, properties)
	gone.Attributes = first.Attributes
	if _, _, err := c.play(t, gone, providers.Operation{}, false); err != nil {
		t.Fatal(err)
	}
	c.make(t, "HBS.Organization", "beta", properties)
	before := len(c.done(t))
	if _, _, err := c.play(t, gone, providers.Operation{}, false); err != nil || len(c.done(t)) != before {
		t.Errorf("%v, did %v", err, c.done(t)[before:])
	}
	_, err := c.registry["HBS.Organization"].Read(t.Context(), &providers.Request{ObjectID: first.ID, Attributes: first.Attributes})
	var e *providers.Error
	if !errors.As(err, &e) || e.Kind != providers.NotFound {
		t.Errorf("%v", err)
	}
}

func TestPreflightOfHBS(t *testing.T) {
	c := newCloud(t)
	have := chain("chain-1", "alpha", "beta")
	id := c.make(t, "HBS.Instance", "chain", have).ID
	small := with(chain("chain-2", "alpha"), map[string]any{"edition": "Professional"})
	order := creation("HBS.Instance", "new", small)
	org := func(node, name string) *providers.Request {
		return creation("HBS.Organization", node, map[string]any{"instanceId": id, "name": name, "orgOrderInfo": paid()})
	}
	joins := func(node, name string) *providers.Request {
		return referring(creation("HBS.Organization", node, map[string]any{"name": name, "orgOrderInfo": paid()}), "instanceId", order)
	}
	for _, test := range []struct {
		name, typ string
		reqs      []*providers.Request
		want      []string
	}{
		{"all is well", "HBS.Instance", []*providers.Request{order}, nil},
		{"a name that is taken", "HBS.Instance", []*providers.Request{creation("HBS.Instance", "new", have)}, []string{
			"error conflict new[name]: The instance name chain-1 is taken by ID, which this stack has not made.",
		}},
		{"too many organizations", "HBS.Instance", []*providers.Request{creation("HBS.Instance", "new", with(small, map[string]any{"orgs": members("a", "b", "c")}))}, []string{
			"error quota new[orgs]: The edition Professional has at most 2 organizations; 3 are asked for.",
		}},
		{"an engine that there is not", "HBS.Instance", []*providers.Request{creation("HBS.Instance", "new", with(small, map[string]any{"chainEngineVersion": "9.0"}))}, []string{
			"error invalid new[chainEngineVersion]: The newest engine of the kind HuaweiCloudChain is 1.0.1.2; at least 9.0 is asked for.",
		}},
		{"a backup that there is not", "HBS.Instance", []*providers.Request{creation("HBS.Instance", "new", with(small, map[string]any{"backupId": nowhere}))}, []string{
			"error invalid new[backupId]: The backup " + nowhere + " does not exist.",
		}},
		{"what is not known is passed over", "HBS.Instance", []*providers.Request{creation("HBS.Instance", "new", with(small, map[string]any{"name": nil, "orgs": nil}))}, nil},
		{"a deletion", "HBS.Instance", []*providers.Request{deletion("HBS.Instance", "chain", id, have)}, nil},
		{"an organization", "HBS.Organization", []*providers.Request{org("gamma", "gamma")}, nil},
		{"one that is there", "HBS.Organization", []*providers.Request{org("beta", "beta")}, []string{
			"error conflict beta[name]: The organization name beta is taken by ID/beta, which this stack has not made.",
		}},
		{"too many for the edition", "HBS.Organization", []*providers.Request{joins("b", "b"), joins("c", "c")}, []string{
			"error quota c[name]: The instance chain-2 may have 2 organizations and has 1; the plan makes 2 more.",
		}},
		{"one that the instance brings", "HBS.Organization", []*providers.Request{joins("a", "alpha")}, []string{
			"error conflict a[name]: The organization alpha is ordered together with the instance already (orgs of new).",
		}},
		{"no instance", "HBS.Organization", []*providers.Request{creation("HBS.Organization", "x", map[string]any{"instanceId": nowhere, "name": "x"})}, []string{
			"error invalid x[instanceId]: The instance " + nowhere + " does not exist.",
		}},
	} {
		t.Run(test.name, func(t *testing.T) {
			if diff := cmp.Diff(test.want, c.preflight(t, test.typ, map[string]string{id: "ID"}, test.reqs...)); diff != "" {
				t.Error(diff)
			}
		})
	}
}

// An instance has one rule of automatic backups: another one is refused before.
func TestPreflightOfBackupRules(t *testing.T) {
	c := newCloud(t)
	id := c.make(t, "HBS.Instance", "chain", chain("chain-1", "alpha")).ID
	rule := map[string]any{"instanceId": id, "days": int64(3)}
	first := creation("HBS.BackupRule", "nightly", rule)
	order := creation("HBS.Instance", "new", chain("chain-2", "alpha"))
	ordered := func(node string) *providers.Request {
		return referring(creation("HBS.BackupRule", node, map[string]any{"days": int64(1)}), "instanceId", order)
	}
	check := func(name string, want []string, reqs ...*providers.Request) {
		t.Helper()
		if diff := cmp.Diff(want, c.preflight(t, "HBS.BackupRule", map[string]string{id: "ID"}, reqs...)); diff != "" {
			t.Errorf("%s: %s", name, diff)
		}
	}
	check("free", nil, first)
	check("ordered", nil, ordered("a"))
	check("not known yet", nil, creation("HBS.BackupRule", "a", map[string]any{"days": int64(1)}), creation("HBS.BackupRule", "b", map[string]any{"days": int64(1)}))
	check("two of one", []string{
		"error conflict weekly[instanceId]: The nodes nightly and weekly set a rule of automatic backups for the same instance, which has one at most.",
	}, first, creation("HBS.BackupRule", "weekly", rule))
	check("two of one that is ordered", []string{
		"error conflict b[instanceId]: The nodes a and b set a rule of automatic backups for the same instance, which has one at most.",
	}, ordered("a"), ordered("b"))
	check("no instance", []string{
		"error invalid x[instanceId]: The instance " + nowhere + " does not exist.",
	}, creation("HBS.BackupRule", "x", map[string]any{"instanceId": nowhere, "days": int64(1)}))

	made := c.make(t, "HBS.BackupRule", "nightly", rule)
	check("there already", []string{
		"error conflict nightly[instanceId]: The instance ID is backed up by itself already (days: 3), which this stack has not asked for.",
	}, first)
	check("replaced", nil, first, deletion("HBS.BackupRule", "nightly", made.ID, rule))
	check("deleted", nil, deletion("HBS.BackupRule", "nightly", made.ID, rule))
}

// What an instance of its kind and mode can't have is refused before it is bought,
// and before anything is made in one that exists.
func TestPreflightOfWhatAnInstanceCannotHave(t *testing.T) {
	c := newCloud(t)
	types := []string{"HBS.BesuCertificates", "HBS.BesuContract", "HBS.BesuToken", "HBS.Contract", "HBS.Endpoint", "HBS.SdkConfig"}
	for _, test := range []struct {
		kind, mode string
		want       map[string]string // by type: what is needed instead
	}{
		{"HuaweiCloudChain", "Cloud", map[string]string{"HBS.BesuContract": "Besu", "HBS.BesuToken": "Besu", "HBS.BesuCertificates": "Besu"}},
		{"HuaweiCloudChain", "Edge", map[string]string{
			"HBS.BesuContract": "Besu", "HBS.BesuToken": "Besu", "HBS.BesuCertificates": "Besu",
			"HBS.Contract": "Cloud", "HBS.Endpoint": "Cloud", "HBS.SdkConfig": "Cloud",
		}},
		{"Besu", "Cloud", map[string]string{"HBS.Contract": "HuaweiCloudChain", "HBS.SdkConfig": "HuaweiCloudChain"}},
		{"Besu", "Edge", map[string]string{
			"HBS.Contract": "HuaweiCloudChain", "HBS.SdkConfig": "HuaweiCloudChain", "HBS.Endpoint": "Cloud", "HBS.BesuContract": "Cloud",
		}},
	} {
		name := strings.ToLower(test.kind + "-" + test.mode)
		properties := with(chain(name, "alpha"), map[string]any{"kind": test.kind, "dataManagement": test.mode})
		id := c.make(t, "HBS.Instance", "chain", properties).ID
		order := creation("HBS.Instance", "chain", with(properties, map[string]any{"name": "another"}))
		for _, typ := range types {
			there := creation(typ, "it", map[string]any{"instanceId": id})
			ahead := referring(creation(typ, "it", nil), "instanceId", order)
			for where, req := range map[string]*providers.Request{name + " (ID)": there, "another (chain)": ahead} {
				t.Run(typ+" in "+where, func(t *testing.T) {
					var want []string
					if need := test.want[typ]; need == "Cloud" {
						want = []string{"error invalid it[instanceId]: The instance " + where + " has dataManagement Edge; this is there for Cloud only."}
					} else if need != "" {
						want = []string{"error invalid it[instanceId]: The instance " + where + " is of the kind " + test.kind + "; this is there for " + need + " only."}
					}
					if diff := cmp.Diff(want, c.preflight(t, typ, map[string]string{id: "ID"}, req)); diff != "" {
						t.Error(diff)
					}
				})
			}
		}
	}
}

// Nothing is said of an instance that is not known yet, of one that goes, and of
// kind and mode that an input still lacks.
func TestPreflightOfWhatAnInstanceMayHave(t *testing.T) {
	c := newCloud(t)
	order := creation("HBS.Instance", "chain", with(chain("chain-1", "alpha"), map[string]any{"kind": nil, "dataManagement": nil}))
	edge := with(chain("chain-2", "alpha"), map[string]any{"dataManagement": "Edge"})
	id := c.make(t, "HBS.Instance", "edge", edge).ID
	for _, typ := range []string{"HBS.BesuCertificates", "HBS.BesuContract", "HBS.BesuToken", "HBS.Contract", "HBS.Endpoint", "HBS.SdkConfig"} {
		for name, req := range map[string]*providers.Request{
			"unknown": creation(typ, "it", nil),
			"ordered": referring(creation(typ, "it", nil), "instanceId", order),
			"gone":    deletion(typ, "it", id+"/x", map[string]any{"instanceId": id}),
		} {
			if found := c.preflight(t, typ, nil, req); len(found) > 0 {
				t.Errorf("%s, %s: %q", typ, name, found)
			}
		}
		want := []string{"error invalid it[instanceId]: The instance " + nowhere + " does not exist."}
		if diff := cmp.Diff(want, c.preflight(t, typ, nil, creation(typ, "it", map[string]any{"instanceId": nowhere}))); diff != "" {
			t.Errorf("%s: %s", typ, diff)
		}
	}
}

// A backup outlives its instance and restores one, once; then nobody can delete it.
func TestHBSRestore(t *testing.T) {
	c := newCloud(t)
	properties := chain("chain-1", "alpha")
	id := c.make(t, "HBS.Instance", "chain", properties).ID
	c.faults.Add(emulator.Rule{Operation: "CreateBackups", Times: 1, Fault: emulator.FailOperation("the disk is full")})
	saving := map[string]any{"instanceId": id}
	_, _, err := c.play(t, creation("HBS.Backup", "saved", saving), providers.Operation{}, false)
	fails(t, err, providers.Failed, "the disk is full")

	saved := c.make(t, "HBS.Backup", "saved", saving).ID
	if _, _, err := c.play(t, deletion("HBS.Instance", "chain", id, properties), providers.Operation{}, false); err != nil {
		t.Fatal(err)
	}
	if _, err := c.registry["HBS.Backup"].Read(t.Context(), &providers.Request{ObjectID: saved}); err != nil {
		t.Errorf("the backup went with its instance: %v", err)
	}
	again := with(chain("chain-2", "alpha"), map[string]any{"backupId": saved})
	other := creation("HBS.Instance", "again", with(again, map[string]any{"edition": "Platinum"}))
	if got := c.preflight(t, "HBS.Instance", map[string]string{saved: "ID"}, other); !slices.Equal(got, []string{
		"error invalid again[backupId]: The backup ID is of an instance with edition Enterprise; Platinum is asked for.",
	}) {
		t.Errorf("%q", got)
	}
	c.make(t, "HBS.Instance", "again", again)
	third := creation("HBS.Instance", "third", with(again, map[string]any{"name": "chain-3"}))
	if got := c.preflight(t, "HBS.Instance", map[string]string{saved: "ID"}, third); !slices.Equal(got, []string{
		"error invalid third[backupId]: The backup ID was restored before; a backup restores once.",
	}) {
		t.Errorf("%q", got)
	}
	_, _, err = c.play(t, deletion("HBS.Backup", "saved", saved, saving), providers.Operation{}, false)
	if e := fails(t, err, providers.Failed, "outlives its instance"); !strings.Contains(e.Advice, "--retain saved") {
		t.Errorf("%s", e.Advice)
	}
}

// Of a token whose answer was lost nobody knows the secret: it does not stay, and
// tokens that were there before do.
func TestHBSLostToken(t *testing.T) {
	c := newCloud(t)
	id := c.make(t, "HBS.Instance", "chain", with(chain("chain-1", "alpha"), map[string]any{"kind": "Besu"})).ID
	properties := map[string]any{"instanceId": id, "description": "explorer"}
	c.make(t, "HBS.BesuToken", "one", properties)
	before := len(c.done(t))
	c.lose.Store(true)
	req := creation("HBS.BesuToken", "other", properties)
	_, op, err := c.play(t, req, providers.Operation{}, false)
	fails(t, err, providers.Ambiguous)
	o, _, err := c.play(t, req, op, true)
	if err != nil || !strings.HasPrefix(o.Attributes["token"].(string), "besu.") {
		t.Fatalf("%+v, %v", o, err)
	}
	if did := c.done(t)[before:]; !slices.Equal(did, []string{"CreateBesuTokens", "DeleteBesuTokens", "CreateBesuTokens"}) {
		t.Errorf("did %v", did)
	}
}

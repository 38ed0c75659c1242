package emulator_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/huaweicloud/huaweicloud-sdk-go-v3/core/auth/global"
	bss "github.com/huaweicloud/huaweicloud-sdk-go-v3/services/bss/v2"
	bssmodel "github.com/huaweicloud/huaweicloud-sdk-go-v3/services/bss/v2/model"

	"github.com/orchestrate-tosca/orchestrate/providers/emulator"
)

// object is a JSON object.
type object = map[string]any

// engine calls HBS with a token, which unlike a signature does not mind how far
// the cloud's clock is from the real one.
type engine struct {
	*cloud
	t     *testing.T
	token string
}

func (c *cloud) engine(t *testing.T) *engine {
	t.Helper()
	body := fmt.Sprintf(`{"auth": {"identity": {"methods": ["password"], "password": {"user": {"name": %q, "password": %q}}}}}`,
		emulator.DefaultUserName, emulator.DefaultPassword)
	res := raw(t, http.MethodPost, c.url+"/v3/auth/tokens", body, "Content-Type", "application/json")
	if res.StatusCode != http.StatusCreated {
		t.Fatalf("no token: %d", res.StatusCode)
	}
	return &engine{cloud: c, t: t, token: res.Header.Get("X-Subject-Token")}
}

// send sends a request below /v2/{project}/, or to an absolute path.
func (e *engine) send(method, path, contentType string, body []byte) (int, http.Header, []byte) {
	e.t.Helper()
	if !strings.HasPrefix(path, "/") {
		path = "/v2/" + emulator.DefaultProjectID + "/" + path
	}
	req, err := http.NewRequestWithContext(e.t.Context(), method, e.url+path, bytes.NewReader(body))
	if err != nil {
		e.t.Fatal(err)
	}
	req.Header.Set("X-Auth-Token", e.token)
	if len(body) > 0 {
		req.Header.Set("Content-Type", contentType)
	}
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		e.t.Fatal(err)
	}
	defer res.Body.Close()
	out, err := io.ReadAll(res.Body)
	if err != nil {
		e.t.Fatal(err)
	}
	return res.StatusCode, res.Header, out
}

func (e *engine) sendJSON(method, path string, body any) (int, []byte) {
	e.t.Helper()
	var data []byte
	if body != nil {
		var err error
		if data, err = json.Marshal(body); err != nil {
			e.t.Fatal(err)
		}
	}
	status, _, out := e.send(method, path, "application/json", data)
	return status, out
}

// do expects success and decodes the answer.
func (e *engine) do(method, path string, body any) object {
	e.t.Helper()
	status, data := e.sendJSON(method, path, body)
	if status >= 300 {
		e.t.Fatalf("%s %s: %d %s", method, path, status, data)
	}
	var out object
	if len(data) > 0 {
		if err := json.Unmarshal(data, &out); err != nil {
			e.t.Fatal(err)
		}
	}
	return out
}

func (e *engine) get(path string) object { e.t.Helper(); return e.do(http.MethodGet, path, nil) }

// refuses expects a refusal.
func (e *engine) refuses(status int, code, method, path string, body any) {
	e.t.Helper()
	got, data := e.sendJSON(method, path, body)
	var refusal struct {
		Code    string `json:"error_code"`
		Message string `json:"error_msg"`
	}
	if err := json.Unmarshal(data, &refusal); err != nil {
		e.t.Fatalf("%s %s: %d %s", method, path, got, data)
	}
	if got != status || refusal.Code != code || refusal.Message == "" {
		e.t.Errorf("%s %s: %d %s, want %d %s", method, path, got, data, status, code)
	}
}

const instancesPath = "huaweicloudchain/instances"

func at(id string, rest ...string) string {
	return strings.Join(append([]string{instancesPath, id}, rest...), "/")
}

func besuAt(id string, rest ...string) string {
	return strings.Join(append([]string{"besu/instances", id}, rest...), "/")
}

// order is the body of a purchase; change may be nil.
func order(name string, change func(object), orgs ...string) object {
	list := []any{}
	for _, o := range orgs {
		list = append(list, object{"name": o})
	}
	o := object{
		"name": name, "edition": "Enterprise", "data_management": "Cloud", "orgs": list,
		"chain_info":     object{"consensus": "raft", "sign_algorithm": "ecdsa_with_sha256"},
		"org_order_info": object{"charge_mode": 0, "period_type": 2, "period_num": 1, "is_auto_pay": true, "is_auto_renew": true},
	}
	if change != nil {
		change(o)
	}
	return o
}

// besu makes an order one of a Besu instance.
func besu(o object) {
	o["type"] = "Besu"
	delete(o, "chain_info")
}

// unpaid leaves the payment for later.
func unpaid(o object) { o["org_order_info"].(object)["is_auto_pay"] = false }

// bought buys an instance and waits for it.
func (e *engine) bought(name string, change func(object), orgs ...string) string {
	e.t.Helper()
	id := e.do("POST", instancesPath, order(name, change, orgs...))["instance_id"].(string)
	e.passes(20 * time.Minute)
	return id
}

// passes lets work end that is documented to take d.
func (e *engine) passes(d time.Duration) { e.Advance(d/1000 + time.Millisecond) }

// shown is an instance as "Status: org Status, org* Status"; the star leads.
func (e *engine) shown(id string) string {
	e.t.Helper()
	i := e.get(at(id))
	var orgs []string
	for _, v := range i["orgs"].([]any) {
		o := v.(object)
		star := ""
		if o["is_consensus"] == true {
			star = "*"
		}
		orgs = append(orgs, fmt.Sprintf("%s%s %s", o["name"], star, o["status"]))
	}
	return fmt.Sprintf("%s: %s", i["status"], strings.Join(orgs, ", "))
}

func (e *engine) wantShown(id, want string) {
	e.t.Helper()
	if got := e.shown(id); got != want {
		e.t.Errorf("instance is %q, want %q", got, want)
	}
}

// job is a job as "Type Status progress".
func (e *engine) job(id any) string {
	e.t.Helper()
	j := e.get(fmt.Sprintf("huaweicloudchain/jobs/%s", id))
	return fmt.Sprintf("%s %s %v", j["type"], j["status"], j["progress"])
}

func (e *engine) wantJob(id any, want string) {
	e.t.Helper()
	if got := e.job(id); got != want {
		e.t.Errorf("job is %q, want %q", got, want)
	}
}

// subscriptions are the IDs of the subscriptions of an instance.
func (e *engine) subscriptions(id string) []string {
	e.t.Helper()
	var out []string
	for _, v := range e.get(at(id, "organizations"))["orgs"].([]any) {
		out = append(out, v.(object)["subscription_id"].(string))
	}
	return out
}

// unsubscribe lets organizations go.
func (e *engine) unsubscribe(ids ...string) {
	e.t.Helper()
	e.do("POST", "/v2/orders/subscriptions/resources/unsubscribe", object{"resource_ids": ids, "unsubscribe_type": 1})
}

// newestJob is the ID of the job that began last.
func (e *engine) newestJob() any {
	e.t.Helper()
	return e.get("huaweicloudchain/jobs?limit=1")["jobs"].([]any)[0].(object)["id"]
}

// bss is the SDK's client of the order service.
func (c *cloud) bss(t *testing.T) *bss.BssClient {
	t.Helper()
	env := c.Env()
	cred, err := global.NewCredentialsBuilder().WithAk(env["HW_ACCESS_KEY"]).WithSk(env["HW_SECRET_KEY"]).
		WithDomainId(emulator.DefaultDomainID).SafeBuild()
	if err != nil {
		t.Fatal(err)
	}
	hc, err := bss.BssClientBuilder().WithEndpoints([]string{c.url}).WithCredential(cred).SafeBuild()
	if err != nil {
		t.Fatal(err)
	}
	return bss.NewBssClient(hc)
}

// The life of an instance, from its price to its end.
func TestHBSLife(t *testing.T) {
	c := start(t)
	e, orders := c.engine(t), c.bss(t)

	price := e.do("POST", "huaweicloudchain/inquiry", object{"edition": "Enterprise", "org_num": 2, "period_type": 2, "period_num": 1})
	if diff := cmp.Diff(object{"amount": 72000.0, "original_amount": 72000.0, "currency": "CNY"}, price); diff != "" {
		t.Error(diff)
	}
	out := e.do("POST", instancesPath, order("ledger", nil, "alpha", "beta"))
	id, job := out["instance_id"].(string), out["job_id"]
	if out["order_num"] != 2.0 {
		t.Errorf("purchase %v", out)
	}
	e.wantJob(job, "CreateInstance Initializing 0")
	e.wantShown(id, "Creating: alpha* Creating, beta Creating")
	e.refuses(409, "BCS.4001001", "POST", at(id, "organizations"), object{"orgs": []any{object{"name": "gamma"}}, "org_order_info": object{}})
	e.refuses(409, "BCS.4001001", "GET", at(id, "chain"), nil)
	c.Advance(800 * time.Millisecond)
	e.wantJob(job, "CreateInstance Running 50")
	c.Advance(400 * time.Millisecond)
	e.wantJob(job, "CreateInstance Success 100")
	e.wantShown(id, "Available: alpha* Available, beta Available")
	bought := must(orders.ShowCustomerOrderDetails(&bssmodel.ShowCustomerOrderDetailsRequest{OrderId: out["order_id"].(string)}))(t)
	if *bought.OrderInfo.Status != 5 || *bought.TotalCount != 2 || *bought.OrderInfo.OfficialAmount != 72000 {
		t.Errorf("order %v", bought)
	}

	e.do("POST", at(id, "organizations"), object{"orgs": []any{object{"name": "gamma"}}, "org_order_info": object{"is_auto_pay": true}})
	e.wantShown(id, "OrgCreating: alpha* Available, beta Available, gamma Creating")
	e.refuses(409, "BCS.4001020", "PUT", at(id), object{"action": "Upgrade"})
	e.passes(10 * time.Minute)
	e.wantJob(e.newestJob(), "CreateOrganization Success 100")

	e.refuses(400, "HBS.4000003", "PUT", at(id), object{"action": "Upgrade"})
	if status, _ := c.put(t, `{"versions": {"HuaweiCloudChain": "1.0.2"}}`); status != 200 {
		t.Fatalf("settings: %d", status)
	}
	upgrade := e.do("PUT", at(id), object{"action": "Upgrade"})["job_id"]
	e.wantShown(id, "Upgrading: alpha* Available, beta Available, gamma Available")
	e.passes(15 * time.Minute)
	e.wantJob(upgrade, "UpgradeChainEngine Success 100")
	if got := e.get(at(id))["chain_engine_version"]; got != "1.0.2" {
		t.Errorf("version %v", got)
	}

	subs := e.subscriptions(id)
	must(orders.CancelResourcesSubscription(&bssmodel.CancelResourcesSubscriptionRequest{
		Body: &bssmodel.UnsubscribeResourcesReq{ResourceIds: subs[:1], UnsubscribeType: 1},
	}))(t)
	e.wantShown(id, "OrgDeleting: alpha* Deleting, beta Available, gamma Available")
	e.refuses(409, "CBC.3002", "POST", "/v2/orders/subscriptions/resources/unsubscribe",
		object{"resource_ids": subs[1:2], "unsubscribe_type": 1})
	e.passes(5 * time.Minute)
	e.wantShown(id, "Available: beta* Available, gamma Available")

	e.unsubscribe(subs[1:]...)
	e.wantShown(id, "Deleting: beta* Deleting, gamma Deleting")
	e.passes(5 * time.Minute)
	e.refuses(404, "BCS.4001011", "GET", at(id), nil)
	e.wantJob(e.newestJob(), "DeleteInstance Success 100")
	if n := e.get("huaweicloudchain/dashboard")["instance_num"]; n != 0.0 {
		t.Errorf("%v instances are left", n)
	}
	e.refuses(400, "CBC.30050009", "POST", "/v2/orders/subscriptions/resources/unsubscribe",
		object{"resource_ids": subs[1:2], "unsubscribe_type": 1})
	objects := must(c.Objects(t.Context()))(t)
	for _, o := range objects {
		if !strings.HasPrefix(o.Kind, "hbs.job") && !strings.HasPrefix(o.Kind, "bss.order") && !strings.HasPrefix(o.Kind, "iam.") {
			t.Errorf("left behind: %s %s", o.Kind, o.ID)
		}
	}
}

// Work goes on while nobody runs the emulator, and nothing is forgotten.
func TestHBSOutlivesTheProcess(t *testing.T) {
	path := filepath.Join(t.TempDir(), "cloud.db")
	first := start(t, inFile(path))
	out := first.engine(t).do("POST", instancesPath, order("ledger", nil, "alpha"))
	first.Close()
	first.Advance(2 * time.Second)
	second := start(t, inFile(path), sameClock(first.clock)).engine(t)
	second.wantShown(out["instance_id"].(string), "Available: alpha* Available")
	second.wantJob(out["job_id"], "CreateInstance Success 100")
}

// An order that is not paid waits; then it is paid, cancelled, or lapses.
func TestHBSUnpaidOrders(t *testing.T) {
	c := start(t)
	e, orders := c.engine(t), c.bss(t)
	buy := func(name string) (id, orderID string, job any) {
		c.Advance(time.Second) // so that the orders have an order
		out := e.do("POST", instancesPath, order(name, unpaid, "alpha"))
		return out["instance_id"].(string), out["order_id"].(string), out["job_id"]
	}
	pay := func(id string) error {
		_, err := orders.PayOrders(&bssmodel.PayOrdersRequest{Body: &bssmodel.PayCustomerOrderV3Req{OrderId: id, UseCoupon: "NO", UseDiscount: "NO"}})
		return err
	}

	id, orderID, job := buy("paid-later")
	e.passes(time.Hour)
	e.wantShown(id, "Unpaid: alpha* Unpaid")
	e.wantJob(job, "CreateInstance Initializing 0")
	e.refuses(409, "HBS.4090001", "PUT", at(id), object{"action": "Upgrade"})
	e.refuses(400, "BCS.4001018", "POST", instancesPath, order("paid-later", nil, "alpha"))
	if err := pay(orderID); err != nil {
		t.Fatal(err)
	}
	e.wantShown(id, "Creating: alpha* Creating")
	wantCode(t, pay(orderID), 400, "CBC.30000010")
	e.passes(20 * time.Minute)
	e.wantJob(job, "CreateInstance Success 100")

	more := e.do("POST", at(id, "organizations"), object{"orgs": []any{object{"name": "beta"}}, "org_order_info": object{}})
	e.wantShown(id, "Available: alpha* Available, beta Unpaid")
	if orgs := e.get(at(id, "chain"))["orgs"].([]any); len(orgs) != 1 {
		t.Errorf("on the chain before it was paid for: %v", orgs)
	}
	waits := e.get(at(id, "organization?name=beta"))
	if waits["countdown"] != nil || waits["subscription_id"] != "" {
		t.Errorf("unpaid organization %v", waits)
	}
	e.refuses(400, "BCS.4006014", "POST", at(id, "chain/sdk-config"), object{
		"cert_path": "p", "orgs": []any{waits["chain_org_id"]}, "access_mode": "StandardChannel",
	})
	must(orders.CancelCustomerOrder(&bssmodel.CancelCustomerOrderRequest{Body: &bssmodel.CancelCustomerOrderReq{OrderId: more["order_id"].(string)}}))(t)
	e.wantShown(id, "Available: alpha* Available")
	e.wantJob(more["job_id"], "CreateOrganization Failed 0")

	// What was not paid for keeps no instance alive.
	more = e.do("POST", at(id, "organizations"), object{"orgs": []any{object{"name": "beta"}}, "org_order_info": object{}})
	e.unsubscribe(e.subscriptions(id)[0])
	e.wantShown(id, "Deleting: alpha* Deleting, beta Deleting")
	e.passes(5 * time.Minute)
	e.refuses(404, "BCS.4001011", "GET", at(id), nil)
	wantCode(t, pay(more["order_id"].(string)), 400, "CBC.30000010")

	gone, orderID, job := buy("cancelled")
	must(orders.CancelCustomerOrder(&bssmodel.CancelCustomerOrderRequest{Body: &bssmodel.CancelCustomerOrderReq{OrderId: orderID}}))(t)
	e.refuses(404, "BCS.4001011", "GET", at(gone), nil)
	e.wantJob(job, "CreateInstance Failed 0")

	gone, orderID, _ = buy("forgotten")
	c.Advance(7 * 24 * time.Hour)
	e = c.engine(t)
	e.refuses(404, "BCS.4001011", "GET", at(gone), nil)
	e.refuses(400, "CBC.30000010", "POST", "/v3/orders/customer-orders/pay", object{"order_id": orderID, "use_coupon": "NO", "use_discount": "NO"})
	list := e.get("/v2/orders/customer-orders?status=4&order_by=createTime")
	if list["total_count"] != 4.0 || list["order_infos"].([]any)[3].(object)["order_id"] != orderID {
		t.Errorf("cancelled orders %v", list)
	}
}

// A subscription that nobody renews passes through grace and freeze to its end.
func TestHBSSubscriptionEnds(t *testing.T) {
	c := start(t)
	e := c.engine(t)
	id := e.bought("short", func(o object) { o["org_order_info"].(object)["is_auto_renew"] = false }, "alpha")
	renewed := e.bought("renewed", nil, "alpha")
	countdown := func() string {
		d := e.get(at(id, "organization?name=alpha"))["countdown"].(object)
		i := d["countdown_infos"].(object)
		return fmt.Sprintf("%s %v %v %v", d["countdown_code"], i["status"], i["next_operation_policy"], i["next_operation_remaining_day"])
	}
	resource := func() string {
		r := e.do("POST", "/v2/orders/suscriptions/resources/query", object{"status_list": []int{4, 5}})
		if len(r["data"].([]any)) == 0 {
			return "none"
		}
		d := r["data"].([]any)[0].(object)
		return fmt.Sprintf("%s %v %v", d["resource_name"], d["status"], d["expire_policy"])
	}
	want := func(shown, code, res string) {
		t.Helper()
		e = c.engine(t)
		e.wantShown(id, shown)
		if got := countdown(); !strings.HasPrefix(got, code) {
			t.Errorf("countdown %q, want %q", got, code)
		}
		if got := resource(); got != res {
			t.Errorf("resource %q, want %q", got, res)
		}
	}
	want("Available: alpha* Available", "hws_countdown_period_using 2 0 ", "none")
	c.Advance(32 * 24 * time.Hour)
	want("Available: alpha* Available", "hws_countdown_period_gracing 5 4 1", "alpha 5 4")
	c.Advance(15 * 24 * time.Hour)
	want("Unavailable: alpha* Unavailable", "hws_countdown_period_frozen 4 5 1", "alpha 4 5")
	e.refuses(409, "BCS.4001234", "PUT", at(id), object{"action": "Upgrade"})
	c.Advance(15 * 24 * time.Hour)
	e = c.engine(t)
	e.refuses(404, "BCS.4001011", "GET", at(id), nil)
	e.wantShown(renewed, "Available: alpha* Available")
}

func TestHBSFailedJobs(t *testing.T) {
	c := start(t)
	e := c.engine(t)
	c.faults.Add(
		emulator.Rule{Service: "hbs", Operation: "CreateInstance", Times: 1, Fault: emulator.FailOperation("no capacity")},
		emulator.Rule{Operation: "CreateOrganization", Times: 1, Fault: emulator.FailOperation("no more capacity")},
		emulator.Rule{Operation: "CancelResourcesSubscription", Times: 1, Fault: emulator.FailOperation("stuck")},
	)
	id := e.bought("ledger", nil, "alpha", "beta")
	e.wantShown(id, "Exception: alpha* Exception, beta Exception")
	j := e.get(fmt.Sprintf("huaweicloudchain/jobs/%s", e.newestJob()))
	if j["status"] != "Failed" || j["failed_message"] != "no capacity" || j["progress"] != 50.0 {
		t.Errorf("job %v", j)
	}
	e.refuses(409, "BCS.4001020", "GET", at(id, "chain"), nil)
	e.unsubscribe(e.subscriptions(id)...)
	e.passes(5 * time.Minute)
	e.wantShown(id, "Exception: alpha* Exception, beta Exception")
	e.unsubscribe(e.subscriptions(id)[0])
	e.passes(5 * time.Minute)
	e.wantShown(id, "Exception: beta* Exception")
	e.unsubscribe(e.subscriptions(id)...)
	e.passes(5 * time.Minute)
	e.refuses(404, "BCS.4001011", "GET", at(id), nil)

	id = e.bought("second", nil, "alpha")
	e.do("POST", at(id, "organizations"), object{"orgs": []any{object{"name": "beta"}}, "org_order_info": object{"is_auto_pay": true}})
	e.passes(10 * time.Minute)
	e.wantShown(id, "Available: alpha* Available, beta Exception")
	e.unsubscribe(e.subscriptions(id)[1])
	e.passes(5 * time.Minute)
	e.wantShown(id, "Available: alpha* Available")
	if n := e.get(at(id, "chain"))["block_num"]; n != 2.0 {
		t.Errorf("%v blocks, though one organization never joined", n)
	}
}

func TestHBSRefusals(t *testing.T) {
	c := start(t, func(o *emulator.Options) {
		o.Settings.Quotas = map[string]int{emulator.QuotaHBSInstances: 3}
	})
	e := c.engine(t)
	id := e.bought("ledger", nil, "alpha")
	edge := e.bought("edge", func(o object) { o["data_management"] = "Edge" }, "alpha")
	other := e.bought("bchain", besu, "alpha")
	nobody := "11111111-1111-4111-8111-111111111111"
	with := func(change func(object)) object { return order("newone", change, "alpha") }
	set := func(name string, value any) object { return with(func(o object) { o[name] = value }) }

	for _, r := range []struct {
		name         string
		status       int
		code         string
		method, path string
		body         any
	}{
		{"quota", 400, "BCS.4001061", "POST", instancesPath, with(nil)},
		{"name taken", 400, "BCS.4001018", "POST", instancesPath, order("ledger", nil, "alpha")},
		{"bad name", 400, "BCS.4006014", "POST", instancesPath, set("name", "-x")},
		{"no organizations", 400, "BCS.4006014", "POST", instancesPath, set("orgs", []any{})},
		{"bad organization", 400, "BCS.4006014", "POST", instancesPath, set("orgs", []any{object{"name": "Org"}})},
		{"organization twice", 400, "BCS.4001018", "POST", instancesPath, order("newone", nil, "alpha", "alpha")},
		{"too many", 400, "HBS.4000002", "POST", instancesPath, order("newone", func(o object) { o["edition"] = "Professional" }, "a", "b", "c")},
		{"consensus", 400, "BCS.4006014", "POST", instancesPath, set("chain_info", object{"consensus": "IBFT2.0"})},
		{"sm2 with Besu", 400, "BCS.4006014", "POST", instancesPath, with(func(o object) {
			besu(o)
			o["chain_info"] = object{"sign_algorithm": "sm2_with_sm3"}
		})},
		{"two years", 400, "BCS.4006014", "POST", instancesPath, set("org_order_info", object{"period_type": 3, "period_num": 2})},
		{"ten months", 400, "BCS.4006014", "POST", instancesPath, set("org_order_info", object{"period_type": 2, "period_num": 10})},
		{"no body", 400, "BCS.4004025", "POST", instancesPath, nil},
		{"price of too many", 400, "BCS.4006014", "POST", "huaweicloudchain/inquiry", object{"edition": "Professional", "org_num": 3, "period_type": 2, "period_num": 1}},
		{"no such instance", 404, "BCS.4001011", "GET", at(nobody), nil},
		{"no such job", 404, "HBS.4040001", "GET", "huaweicloudchain/jobs/" + nobody, nil},
		{"no such organization", 404, "HBS.4040001", "GET", at(id, "organization?name=beta"), nil},
		{"no name", 400, "BCS.4006014", "GET", at(id, "organization"), nil},
		{"organization there", 400, "BCS.4001018", "POST", at(id, "organizations"), object{"orgs": []any{object{"name": "alpha"}}, "org_order_info": object{}}},
		{"upgrade of the other kind", 400, "HBS.4000001", "PUT", besuAt(id), object{"action": "Upgrade"}},
		{"chain of the other kind", 400, "HBS.4000001", "GET", at(other, "chain"), nil},
		{"blocks at the edge", 400, "HBS.4000001", "GET", at(edge, "chain/blocks"), nil},
		{"endpoints at the edge", 400, "HBS.4000001", "GET", at(edge, "endpoints"), nil},
		{"no such block", 404, "HBS.4040001", "GET", at(id, "chain/blocks/99"), nil},
		{"no such height", 400, "BCS.4006014", "GET", at(id, "chain/blocks/high"), nil},
		{"negative height", 400, "BCS.4006014", "GET", at(id, "chain/transactions?block_height=-1"), nil},
		{"no such transaction", 404, "HBS.4040001", "GET", at(id, "chain/transactions/00"), nil},
		{"no such mode", 400, "BCS.4006014", "GET", at(id, "chain/trend?mode=day"), nil},
		{"no such contract", 404, "HBS.4040001", "GET", at(id, "chain/contract?name=nope"), nil},
		{"limit", 400, "BCS.4006014", "GET", instancesPath + "?limit=101", nil},
		{"no limit", 400, "BCS.4006014", "GET", instancesPath + "?limit=0", nil},
		{"offset", 400, "BCS.4006014", "GET", instancesPath + "?offset=-1", nil},
		{"state of jobs", 400, "BCS.4006014", "GET", "huaweicloudchain/jobs?status=Success,Done", nil},
		{"time of jobs", 400, "BCS.4006014", "GET", "huaweicloudchain/jobs?start_time=yesterday", nil},
		{"resource type", 400, "BCS.4006014", "GET", "besu/" + id + "/tags", nil},
		{"no such token", 404, "HBS.4040001", "DELETE", besuAt(other, "chain/tokens", nobody), nil},
		{"no such saved one", 404, "HBS.4040001", "GET", "huaweicloudchain/restore/backups/" + nobody, nil},
		{"no such path", 404, "BCS.4040404", "GET", "huaweicloudchain/nothing", nil},
		{"foreign project", 403, "BCS.4030403", "GET", "/v2/other/huaweicloudchain/instances", nil},
		{"renewal taken back", 400, "CBC.0101", "POST", "/v2/orders/subscriptions/resources/unsubscribe", object{"resource_ids": []string{"x"}, "unsubscribe_type": 2}},
		{"too many resources", 400, "CBC.0101", "POST", "/v2/orders/subscriptions/resources/unsubscribe", object{"resource_ids": strings.Split("a b c d e f g h i j k", " "), "unsubscribe_type": 1}},
		{"coupon", 400, "CBC.0101", "POST", "/v3/orders/customer-orders/pay", object{"order_id": "x", "use_coupon": "YES", "use_discount": "NO"}},
		{"no such order", 400, "CBC.30000010", "GET", "/v2/orders/customer-orders/details/CS1", nil},
	} {
		t.Run(r.name, func(t *testing.T) {
			(&engine{cloud: c, t: t, token: e.token}).refuses(r.status, r.code, r.method, r.path, r.body)
		})
	}
	e.token = "unknown"
	e.refuses(401, "BCS.4010401", "GET", instancesPath, nil)
	e.refuses(401, "APIGW.0301", "GET", "/v2/orders/customer-orders", nil)
}

func TestHBSPages(t *testing.T) {
	c := start(t)
	e := c.engine(t)
	var orgs []string
	for n := range 10 {
		orgs = append(orgs, fmt.Sprintf("org%d", n))
	}
	first := e.bought("first", nil, orgs...)
	e.bought("second", nil, "alpha")
	names := func(path, list string) string {
		var out []string
		page := e.get(path)
		for _, v := range page[list].([]any) {
			name := v.(object)["name"]
			if name == nil {
				name = v.(object)["instance_name"]
			}
			out = append(out, name.(string))
		}
		return fmt.Sprintf("%v of %v", out, page["count"])
	}
	for _, tc := range []struct{ path, list, want string }{
		{instancesPath, "instances", "[second first] of 2"},
		{instancesPath + "?limit=1", "instances", "[second] of 2"},
		{instancesPath + "?limit=1&offset=1", "instances", "[first] of 2"},
		{instancesPath + "?offset=5", "instances", "[] of 2"},
		{at(first, "organizations?offset=8&limit=100"), "orgs", "[org8 org9] of 10"},
		{"huaweicloudchain/jobs?instance_name=sec", "jobs", "[second] of 1"},
		{"huaweicloudchain/jobs?instance_name=Sec", "jobs", "[] of 0"},
		{"huaweicloudchain/jobs?status=Success,Failed", "jobs", "[second first] of 2"},
		{"huaweicloudchain/jobs?status=Running", "jobs", "[] of 0"},
		{"huaweicloudchain/jobs?start_time=2100-01-01T00:00:00Z", "jobs", "[] of 0"},
	} {
		if got := names(tc.path, tc.list); got != tc.want {
			t.Errorf("%s: %s, want %s", tc.path, got, tc.want)
		}
	}
	began := e.get("huaweicloudchain/jobs")["jobs"].([]any)[0].(object)["start_time"].(string)
	if got := names("huaweicloudchain/jobs?start_time="+began, "jobs"); !strings.HasPrefix(got, "[second") {
		t.Errorf("jobs from the start of the newest on: %s", got)
	}
}

func TestHBSJobRecords(t *testing.T) {
	c := start(t)
	e := c.engine(t)
	e.bought("first", nil, "alpha")
	ended := e.newestJob()
	e.do("POST", instancesPath, order("second", nil, "alpha"))
	running := e.newestJob()
	e.refuses(400, "HBS.4000006", "DELETE", "huaweicloudchain/jobs", object{"jobs": []any{ended, running}})
	e.wantJob(ended, "CreateInstance Success 100")
	e.do("DELETE", "huaweicloudchain/jobs", object{"jobs": []any{ended, "11111111-1111-4111-8111-111111111111"}})
	e.refuses(404, "HBS.4040001", "GET", fmt.Sprintf("huaweicloudchain/jobs/%s", ended), nil)
}

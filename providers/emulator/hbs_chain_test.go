package emulator_test

import (
	"archive/zip"
	"bytes"
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"io"
	"mime/multipart"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/huaweicloud/huaweicloud-sdk-go-v3/services/vpc/v2/model"
	"gopkg.in/yaml.v3"

	"github.com/orchestrate-tosca/orchestrate/providers/emulator"
)

// onChain are the IDs of the organizations on the chain, by name.
func (e *engine) onChain(id string) map[string]string {
	e.t.Helper()
	out := map[string]string{}
	for _, v := range e.get(at(id, "organizations?limit=100"))["orgs"].([]any) {
		o := v.(object)
		out[o["name"].(string)] = o["chain_org_id"].(string)
	}
	return out
}

// upload sends a form; file nil sends none.
func (e *engine) upload(path string, values map[string]string, file []byte) (int, []byte) {
	e.t.Helper()
	var b bytes.Buffer
	m := multipart.NewWriter(&b)
	for name, value := range values {
		if err := m.WriteField(name, value); err != nil {
			e.t.Fatal(err)
		}
	}
	if file != nil {
		part := must(m.CreateFormFile("file", "contract.zip"))(e.t)
		part.Write(file)
	}
	m.Close()
	status, _, body := e.send(http.MethodPost, path, m.FormDataContentType(), b.Bytes())
	return status, body
}

// zipped makes an archive of the named entries.
func zipped(t *testing.T, entries ...string) []byte {
	t.Helper()
	var b bytes.Buffer
	w := zip.NewWriter(&b)
	for _, name := range entries {
		f := must(w.Create(name))(t)
		io.WriteString(f, "content of "+name)
	}
	w.Close()
	return b.Bytes()
}

// unzipped are the files of an archive by name.
func unzipped(t *testing.T, data []byte) map[string]string {
	t.Helper()
	r := must(zip.NewReader(bytes.NewReader(data), int64(len(data))))(t)
	out := map[string]string{}
	for _, f := range r.File {
		in := must(f.Open())(t)
		text := must(io.ReadAll(in))(t)
		in.Close()
		out[f.Name] = string(text)
	}
	return out
}

// download expects an archive.
func (e *engine) download(method, path string, body any) map[string]string {
	e.t.Helper()
	data := []byte(nil)
	if body != nil {
		data = must(json.Marshal(body))(e.t)
	}
	status, header, out := e.send(method, path, "application/json", data)
	if status != 200 || header.Get("Content-Type") != "application/zip" {
		e.t.Fatalf("%s: %d %s %s", path, status, header.Get("Content-Type"), out)
	}
	return unzipped(e.t, out)
}

// goContract is the form of a contract in Go.
func goContract(name, version, org string) map[string]string {
	orgs := `["` + org + `"]`
	return map[string]string{
		"name": name, "version": version, "type": "go", "install_orgs": orgs, "endorse_orgs": orgs, "endorse_policy": "AND",
		"description": "a test", "security_check": "true",
	}
}

func (e *engine) install(id string, values map[string]string, file []byte) {
	e.t.Helper()
	if status, body := e.upload(at(id, "chain/contract"), values, file); status != 200 {
		e.t.Fatalf("installing: %d %s", status, body)
	}
	e.passes(time.Minute)
}

// Blocks, transactions and counters tell the same story.
func TestHBSChainIsConsistent(t *testing.T) {
	c := start(t)
	e := c.engine(t)
	id := e.bought("ledger", nil, "alpha", "beta")
	e.install(id, goContract("trade", "1.0", e.onChain(id)["beta"]), zipped(t, "main.go"))
	e.do("POST", at(id, "organizations"), object{"orgs": []any{object{"name": "gamma"}}, "org_order_info": object{"is_auto_pay": true}})
	e.passes(10 * time.Minute)

	chain := e.get(at(id, "chain"))
	list := e.get(at(id, "chain/blocks"))
	blocks := list["blocks"].([]any)
	if list["count"] != 4.0 || chain["block_num"] != 4.0 || chain["contract_num"] != 1.0 || chain["tps_limit"] != 10000.0 {
		t.Fatalf("%v blocks, chain %v", list["count"], chain)
	}
	slices.Reverse(blocks)
	sum, seen, sent := 0, map[string]bool{}, map[any]float64{}
	for height, v := range blocks {
		b := v.(object)
		if diff := cmp.Diff(b, e.get(at(id, fmt.Sprintf("chain/blocks/%d", height)))); diff != "" {
			t.Error(diff)
		}
		if height > 0 {
			p := blocks[height-1].(object)
			hash := sha256.Sum256(fmt.Appendf(nil, "%v/%v/%v", p["block_height"], p["parent_hash"], p["body_hash"]))
			if want := base64.StdEncoding.EncodeToString(hash[:]); b["parent_hash"] != want {
				t.Errorf("block %d: parent %v, want %s", height, b["parent_hash"], want)
			}
		}
		txs := e.get(at(id, fmt.Sprintf("chain/transactions?block_height=%d", height)))["txs"].([]any)
		if float64(len(txs)) != b["transaction_num"] {
			t.Errorf("block %d: %d transactions of %v", height, len(txs), b["transaction_num"])
		}
		for _, v := range txs {
			x := v.(object)
			key := x["id"].(string)
			if seen[key] || x["block_height"] != float64(height) || x["create_time"] != b["create_time"] {
				t.Errorf("transaction %v in block %d", x, height)
			}
			if diff := cmp.Diff(x, e.get(at(id, "chain/transactions", key))); diff != "" {
				t.Error(diff)
			}
			seen[key] = true
			sent[x["create_org"]]++
			sum++
		}
	}
	if chain["transaction_num"] != float64(sum) {
		t.Errorf("%v transactions, %d counted", chain["transaction_num"], sum)
	}
	for _, v := range chain["orgs"].([]any) {
		if o := v.(object); o["transaction_num"] != sent[o["id"]] {
			t.Errorf("%v sent %v, counted %v", o["name"], o["transaction_num"], sent[o["id"]])
		}
	}
	for mode, steps := range map[string]float64{"hour": 3600, "min": 300} {
		trend := e.get(at(id, "chain/trend?mode="+mode))
		total := map[string]float64{}
		for _, kind := range []string{"blocks", "txs"} {
			buckets := trend[kind].([]any)
			if len(buckets) != 7 {
				t.Errorf("%s: %d buckets", mode, len(buckets))
			}
			var last time.Time
			for n, v := range buckets {
				at := must(time.Parse(time.RFC3339, v.(object)["time"].(string)))(t)
				if n > 0 && last.Sub(at).Seconds() != steps {
					t.Errorf("%s: %v after %v", mode, last, at)
				}
				last = at
				total[kind] += v.(object)["count"].(float64)
			}
		}
		if total["blocks"] != 4 || total["txs"] != float64(sum) {
			t.Errorf("%s: %v", mode, total)
		}
	}
}

func TestHBSContracts(t *testing.T) {
	c := start(t)
	e := c.engine(t)
	id := e.bought("ledger", nil, "alpha", "beta")
	org, file := e.onChain(id)["alpha"], zipped(t, "main.go", "go.mod")
	path := at(id, "chain/contract")
	if status, body := e.upload(path, goContract("trade", "1.0", org), file); status != 200 {
		t.Fatalf("%d %s", status, body)
	}
	hash := sha256.Sum256(file)
	want := object{
		"name": "trade", "version": "1.0", "type": "go", "status": "Installing", "failed_message": "", "description": "a test",
		"chain_id": e.get(at(id, "chain"))["chain_id"], "install_orgs": []any{org}, "endorse_orgs": []any{org},
		"endorse_policy": "AND", "file_hash_code": hex.EncodeToString(hash[:]), "security_check": true, "security_check_status": 1.0,
		"install_time": e.get(at(id, "chain/contract?name=trade"))["install_time"],
	}
	look := func() {
		t.Helper()
		if diff := cmp.Diff(want, e.get(at(id, "chain/contract?name=trade"))); diff != "" {
			t.Error(diff)
		}
	}
	look()
	again := func(version string, code int) {
		t.Helper()
		if status, body := e.upload(path, goContract("trade", version, org), file); status != code {
			t.Errorf("installing %s: %d %s", version, status, body)
		}
	}
	again("2.0", 409)
	e.refuses(400, "HBS.4000005", "GET", at(id, "chain/contract/report?name=trade"), nil)
	e.passes(time.Minute)
	want["status"] = "Success"
	look()
	e.passes(2 * time.Minute)
	want["security_check_status"] = 2.0
	look()
	report := e.download("GET", at(id, "chain/contract/report?name=trade&language=zh-cn"), nil)
	if !strings.Contains(report["report_zh-cn.html"], "trade 1.0") || report["report.json"] == "" {
		t.Errorf("report %v", report)
	}

	again("1.0", 400)
	c.faults.Add(emulator.Rule{Operation: "InstallContractNew", Times: 1, Fault: emulator.FailOperation("does not compile")})
	again("1.1", 200)
	e.passes(time.Minute)
	if d := e.get(at(id, "chain/contract?name=trade")); d["status"] != "Failed" || d["failed_message"] != "does not compile" || d["security_check_status"] != 3.0 {
		t.Errorf("failed update %v", d)
	}
	again("1.1", 200)
	e.passes(time.Minute)
	solidity := map[string]string{"name": "coin", "version": "1", "type": "solidity", "endorse_policy": "OR", "byte_code": "6080"}
	e.install(id, solidity, nil)
	if list := e.get(at(id, "chain/contracts")); list["count"] != 2.0 || list["contracts"].([]any)[0].(object)["name"] != "coin" {
		t.Errorf("contracts %v", list)
	}

	java := func(m map[string]string) { m["type"] = "java" }
	for name, tc := range map[string]struct {
		change func(map[string]string)
		file   []byte
	}{
		"no file":           {nil, nil},
		"no zip":            {nil, []byte("x")},
		"empty zip":         {nil, zipped(t)},
		"two jars":          {java, zipped(t, "contract.jar", "other.jar")},
		"another jar":       {java, zipped(t, "other.jar")},
		"name":              {func(m map[string]string) { m["name"] = "New" }, file},
		"version":           {func(m map[string]string) { m["version"] = "1..0" }, file},
		"organizations":     {func(m map[string]string) { m["install_orgs"] = "alpha" }, file},
		"foreign":           {func(m map[string]string) { m["endorse_orgs"] = `["nobody-123456789"]` }, file},
		"no organizations":  {func(m map[string]string) { m["endorse_orgs"] = `[]` }, file},
		"policy":            {func(m map[string]string) { m["endorse_policy"] = "MOST" }, file},
		"solidity and all":  {func(m map[string]string) { m["type"], m["byte_code"] = "solidity", "60" }, nil},
		"solidity and none": {func(m map[string]string) { m["type"], m["endorse_policy"] = "solidity", "OR" }, nil},
		"another language":  {func(m map[string]string) { java(m); m["name"] = "trade" }, zipped(t, "contract.jar")},
	} {
		m := goContract("fresh", "1.0", org)
		if tc.change != nil {
			tc.change(m)
		}
		if status, body := e.upload(path, m, tc.file); status != 400 {
			t.Errorf("%s: %d %s", name, status, body)
		}
	}
	m := goContract("jar", "1.0", org)
	java(m)
	e.install(id, m, zipped(t, "contract.jar"))
	if d := e.get(at(id, "chain/contract?name=jar")); d["security_check"] != false || d["security_check_status"] != 0.0 {
		t.Errorf("a scan of Java: %v", d)
	}
}

// A contract of more than 12 MB may come with a token, but not signed.
func TestHBSLargeContract(t *testing.T) {
	c := start(t)
	e := c.engine(t)
	id := e.bought("ledger", nil, "alpha")
	var b bytes.Buffer
	w := zip.NewWriter(&b)
	f := must(w.CreateHeader(&zip.FileHeader{Name: "data.bin", Method: zip.Store}))(t)
	f.Write(make([]byte, 13<<20))
	w.Close()
	m := goContract("large", "1.0", e.onChain(id)["alpha"])
	e.install(id, m, b.Bytes())
	e.token = ""
	if status, body := e.upload(at(id, "chain/contract"), m, b.Bytes()); status != 413 {
		t.Errorf("%d %s", status, body)
	}
}

func TestHBSSDKConfig(t *testing.T) {
	c := start(t)
	e := c.engine(t)
	id := e.bought("ledger", nil, "alpha", "beta")
	alpha, beta := e.onChain(id)["alpha"], e.onChain(id)["beta"]
	path := at(id, "chain/sdk-config")
	body := object{"cert_path": "/opt/temp", "download_ca": true, "orgs": []string{alpha, beta}, "access_mode": "StandardChannel"}
	files := e.download("POST", path, body)
	if len(files) != 2*8 {
		t.Errorf("%d files", len(files))
	}
	chain := e.get(at(id, "chain"))["chain_id"].(string)
	for _, org := range []string{alpha, beta} {
		var config struct {
			Chain  struct{ ID string }
			Client struct {
				Org      string
				Identity struct{ Cert, Key string }
				TLS      struct{ CA, Cert, Key string }
			}
			Orgs map[string]struct{ Address string }
		}
		if err := yaml.Unmarshal([]byte(files[chain+"-"+org+"-sdk.yaml"]), &config); err != nil {
			t.Fatal(err)
		}
		if config.Chain.ID != chain || config.Client.Org != org || config.Orgs[alpha].Address == "" {
			t.Errorf("%+v", config)
		}
		file := func(name string) []byte { return []byte(files[strings.TrimPrefix(name, "/")]) }
		if _, err := tls.X509KeyPair(file(config.Client.Identity.Cert), file(config.Client.Identity.Key)); err != nil {
			t.Error(err)
		}
		if _, err := tls.X509KeyPair(file(config.Client.TLS.Cert), file(config.Client.TLS.Key)); err != nil {
			t.Error(err)
		}
		dir := "/opt/temp/orgcerts/" + org
		issued(t, file(dir+"/user_sign.crt"), file(dir+"/ca.crt"))
		issued(t, file(dir+"/user_tls.crt"), file(config.Client.TLS.CA))
		if _, err := tls.X509KeyPair(file(dir+"/ca.crt"), file(dir+"/ca.key")); err != nil {
			t.Error(err)
		}
	}
	if diff := cmp.Diff(files, e.download("POST", path, body)); diff != "" {
		t.Errorf("another time: %s", diff)
	}
	body["download_ca"] = false
	if files = e.download("POST", path, body); len(files) != 2*6 {
		t.Errorf("%d files without authorities", len(files))
	}
	for _, broken := range []object{
		{"cert_path": "a/../../b"}, {"cert_path": ""}, {"orgs": []string{}}, {"orgs": []string{"nobody-000000000"}},
		{"access_mode": "HighPerformanceChannel"}, {"access_mode": "Fast"},
	} {
		other := object{"cert_path": "p", "orgs": []string{alpha}, "access_mode": "StandardChannel"}
		for k, v := range broken {
			other[k] = v
		}
		e.refuses(400, "BCS.4006014", "POST", path, other)
	}
}

// issued checks that a certificate was issued by an authority.
func issued(t *testing.T, cert, ca []byte) {
	t.Helper()
	roots := x509.NewCertPool()
	if !roots.AppendCertsFromPEM(ca) {
		t.Fatal("no authority")
	}
	block, _ := pem.Decode(cert)
	if block == nil {
		t.Fatal("no certificate")
	}
	c := must(x509.ParseCertificate(block.Bytes))(t)
	if _, err := c.Verify(x509.VerifyOptions{Roots: roots, KeyUsages: []x509.ExtKeyUsage{x509.ExtKeyUsageAny}}); err != nil {
		t.Error(err)
	}
}

func TestHBSEndpoints(t *testing.T) {
	c := start(t)
	e := c.engine(t)
	id := e.bought("ledger", nil, "alpha")
	vpcID, subnetID := c.network(t)
	service := func(want string) {
		t.Helper()
		s := e.get(at(id, "endpoint-service"))
		if got := fmt.Sprintf("%v %v", s["endpoint_num"], s["endpoint_service_status"]); got != want {
			t.Errorf("service %s, want %s", got, want)
		}
	}
	service("0 uncreated")
	c.faults.Add(emulator.Rule{Operation: "CreateEndpoint", Times: 1, Fault: emulator.FailOperation("no address")})
	body := object{"vpc_id": vpcID, "subnet_id": subnetID}
	e.do("POST", at(id, "endpoints"), body)
	e.do("POST", at(id, "endpoints"), body)
	service("0 uncreated")
	e.passes(30 * time.Second)
	service("1 available")
	list := e.get(at(id, "endpoints"))["endpoints"].([]any)
	p := list[0].(object)
	if len(list) != 1 || !strings.HasSuffix(p["name"].(string), "."+p["id"].(string)[:8]) || p["ip"] == "" {
		t.Errorf("endpoints %v", list)
	}
	nobody := "11111111-1111-4111-8111-111111111111"
	e.refuses(400, "BCS.4006014", "POST", at(id, "endpoints"), object{"vpc_id": nobody, "subnet_id": subnetID})
	e.refuses(400, "BCS.4006014", "POST", at(id, "endpoints"), object{"vpc_id": vpcID, "subnet_id": nobody})
	_, err := c.vpc(t).DeleteSubnet(&model.DeleteSubnetRequest{VpcId: vpcID, SubnetId: subnetID})
	wantCode(t, err, 409, "VPC.0209")
	e.unsubscribe(e.subscriptions(id)...)
	e.passes(5 * time.Minute)
	must(c.vpc(t).DeleteSubnet(&model.DeleteSubnetRequest{VpcId: vpcID, SubnetId: subnetID}))(t)
}

func TestHBSTags(t *testing.T) {
	c := start(t)
	e := c.engine(t)
	id := e.bought("ledger", nil, "alpha")
	path := "huaweicloudchain/" + id + "/tags"
	want := func(tags ...any) {
		t.Helper()
		if tags == nil {
			tags = []any{}
		}
		if diff := cmp.Diff(object{"tags": tags}, e.get(path)); diff != "" {
			t.Error(diff)
		}
	}
	want()
	e.do("POST", path+"/create", object{"tags": []any{object{"key": "b", "value": "1"}, object{"key": "阶段", "value": ""}, object{"key": "a", "value": "x/y"}}})
	e.do("POST", path+"/create", object{"tags": []any{object{"key": "b", "value": "2"}}})
	want(object{"key": "a", "value": "x/y"}, object{"key": "b", "value": "2"}, object{"key": "阶段", "value": ""})
	e.do("DELETE", path+"/delete", object{"tags": []any{object{"key": "b", "value": "other"}, object{"key": "阶段"}, object{"key": "absent"}}})
	want(object{"key": "a", "value": "x/y"})
	for _, key := range []string{"", " a", "a ", "_sys_a", "a\nb", "a*", strings.Repeat("k", 129)} {
		e.refuses(400, "BCS.4006014", "POST", path+"/create", object{"tags": []any{object{"key": key, "value": "v"}}})
	}
	var many []any
	for n := range 20 {
		many = append(many, object{"key": fmt.Sprintf("k%d", n), "value": ""})
	}
	e.refuses(400, "BCS.4006014", "POST", path+"/create", object{"tags": many})
	want(object{"key": "a", "value": "x/y"})
	e.refuses(404, "BCS.4001011", "GET", "huaweicloudchain/none/tags", nil)
}

func TestHBSBackups(t *testing.T) {
	c := start(t)
	e := c.engine(t)
	id := e.bought("ledger", nil, "alpha", "beta")
	org := e.onChain(id)["alpha"]
	e.install(id, goContract("trade", "1.0", org), zipped(t, "main.go"))
	message := e.do("POST", "/v1/e2ee/org/encrypt", object{"target_org_ids": []string{org}, "message": "kept"})["transaction_id"]
	states := func() string {
		var out []string
		for _, v := range e.get(at(id, "backups"))["backups"].([]any) {
			b := v.(object)
			out = append(out, fmt.Sprintf("%s %s", b["type"], strings.TrimSpace(fmt.Sprintf("%s %s", b["status"], b["reason"]))))
		}
		return strings.Join(out, ", ")
	}
	want := func(want string) {
		t.Helper()
		if got := states(); got != want {
			t.Errorf("backups %q, want %q", got, want)
		}
	}
	manual := object{"type": "ManualBackup"}
	c.faults.Add(emulator.Rule{Operation: "CreateBackups", Times: 1, Fault: emulator.FailOperation("disk full")})
	e.do("POST", at(id, "backups"), manual)
	want("ManualBackup Backuping")
	e.refuses(409, "BCS.4001020", "POST", at(id, "backups"), manual)
	e.passes(3 * time.Minute)
	want("ManualBackup Fail disk full")
	e.do("POST", at(id, "backups"), manual)
	saved := e.get("huaweicloudchain/restore/backups")["backups"].([]any)[0].(object)
	if saved["status"] != "Initing" || saved["is_restored"] != false {
		t.Errorf("%v", saved)
	}
	backup := saved["id"].(string)
	e.refuses(400, "HBS.4000004", "POST", instancesPath, order("again", func(o object) { o["backup_id"] = backup }, "alpha", "beta"))
	e.passes(3 * time.Minute)
	shown := e.get("huaweicloudchain/restore/backups/" + backup)
	if shown["instance_org"] != `["alpha","beta"]` || shown["instance_edition"] != "Enterprise" || shown["status"] != "Active" {
		t.Errorf("%v", shown)
	}

	blocks := e.get(at(id, "chain/blocks"))
	chain := e.get(at(id, "chain"))["chain_id"]
	e.unsubscribe(e.subscriptions(id)...)
	e.passes(5 * time.Minute)
	e.refuses(404, "BCS.4001011", "GET", at(id, "backups"), nil)
	restore := func(o object) { o["backup_id"] = backup }
	e.refuses(404, "HBS.4040001", "POST", instancesPath, order("again", func(o object) { o["backup_id"] = "nope" }, "alpha"))
	e.refuses(400, "HBS.4000004", "POST", instancesPath, order("again", restore, "alpha"))
	e.refuses(400, "HBS.4000004", "POST", instancesPath, order("again", func(o object) { restore(o); o["edition"] = "Platinum" }, "alpha", "beta"))

	status := func() string {
		b := e.get("huaweicloudchain/restore/backups")["backups"].([]any)[0].(object)
		return strings.TrimSpace(fmt.Sprintf("%v %v %v", b["status"], b["is_restored"], b["reason"]))
	}
	c.faults.Add(emulator.Rule{Service: "hbs", Operation: "CreateInstance", Times: 1, Fault: emulator.FailOperation("no room")})
	e.bought("failed", restore, "beta", "alpha")
	if got := status(); got != "RestoreFail false no room" {
		t.Errorf("backup %s", got)
	}
	again := e.do("POST", instancesPath, order("again", restore, "beta", "alpha"))["instance_id"].(string)
	if got := status(); got != "Restoring false" {
		t.Errorf("backup %s", got)
	}
	e.passes(20 * time.Minute)
	if got := status(); got != "Active true" {
		t.Errorf("backup %s", got)
	}
	e.refuses(400, "HBS.4000004", "POST", instancesPath, order("third", restore, "alpha", "beta"))
	e.wantShown(again, "Available: alpha* Available, beta Available")
	if diff := cmp.Diff(blocks, e.get(at(again, "chain/blocks"))); diff != "" {
		t.Errorf("blocks of the restored chain: %s", diff)
	}
	if got := e.get(at(again, "chain"))["chain_id"]; got != chain || e.onChain(again)["alpha"] != org {
		t.Errorf("restored as chain %v with %v", got, e.onChain(again))
	}
	if d := e.get(at(again, "chain/contract?name=trade")); d["status"] != "Success" {
		t.Errorf("restored contract %v", d)
	}
	if got := e.do("POST", "/v1/e2ee/org/decrypt", object{"transaction_id": message})["message"]; got != "kept" {
		t.Errorf("restored message %v", got)
	}
}

func TestHBSAutomaticBackups(t *testing.T) {
	c := start(t)
	e := c.engine(t)
	id := e.bought("ledger", nil, "alpha")
	rule := func(want string) {
		t.Helper()
		r := e.get(at(id, "backups/rules"))
		if got := fmt.Sprintf("%v %v", r["is_enable"], r["rule"]); got != want {
			t.Errorf("rule %s, want %s", got, want)
		}
	}
	count := func(days int, want float64) {
		t.Helper()
		c.Advance(time.Duration(days) * 24 * time.Hour)
		e = c.engine(t)
		if got := e.get(at(id, "backups"))["count"]; got != want {
			t.Errorf("%v backups after %d days, want %v", got, days, want)
		}
	}
	// A fault of the call that comes in strikes nothing that went on before.
	c.faults.Add(emulator.Rule{Service: "iam", Fault: emulator.FailOperation("of another call")})
	rule("false 1")
	e.do("POST", at(id, "backups"), object{"type": "AutoBackup", "rule": 3, "is_enable": true})
	rule("true 3")
	count(2, 0)
	count(1, 1)
	e.do("POST", at(id, "backups"), object{"type": "autoBackup", "rule": 1, "is_enable": true})
	count(1, 2)
	count(20, 7)
	e.passes(3 * time.Minute)
	first := ""
	for _, v := range e.get(at(id, "backups"))["backups"].([]any) {
		b := v.(object)
		first = b["id"].(string)
		if b["status"] != "Active" || b["type"] != "AutoBackup" {
			t.Errorf("backup %v", b)
		}
	}
	e.do("DELETE", at(id, "backups", first), nil)
	e.refuses(404, "HBS.4040001", "DELETE", at(id, "backups", first), nil)
	e.do("POST", at(id, "backups"), object{"type": "AutoBackup", "is_enable": false})
	rule("false 1")
	count(5, 6)
	e.refuses(400, "BCS.4006014", "POST", at(id, "backups"), object{"type": "AutoBackup", "rule": 2, "is_enable": true})
}

func TestBesu(t *testing.T) {
	path := filepath.Join(t.TempDir(), "cloud.db")
	c := start(t, inFile(path))
	e := c.engine(t)
	id := e.bought("ledger", besu, "alpha", "beta")
	org := e.get(at(id, "organization?name=beta"))
	if org["endpoint"] == nil || e.get(at(id))["kind"] != "Besu" {
		t.Errorf("organization %v", org)
	}
	deploy := map[string]string{"abi": "[]", "bytecode": "0x6080", "init_param": `["x"]`, "description": "coin"}
	if status, body := e.upload(besuAt(id, "chain/contracts"), deploy, nil); status != 200 {
		t.Fatalf("%d %s", status, body)
	}
	if status, _ := e.upload(besuAt(id, "chain/contracts"), map[string]string{"abi": "[]", "bytecode": "0x", "init_param": "{"}, nil); status != 400 {
		t.Errorf("broken parameters: %d", status)
	}
	contract := func() object { return e.get(besuAt(id, "chain/contracts"))["contracts"].([]any)[0].(object) }
	if got := contract()["status"]; got != "Installing" {
		t.Errorf("contract %v", got)
	}
	e.passes(15 * time.Second)
	d := contract()
	if d["status"] != "Success" || d["description"] != "coin" || d["bytecode"] != "0x6080" || len(d["address"].(string)) != 42 {
		t.Errorf("contract %v", d)
	}

	chain := e.get(besuAt(id, "chain/summary"))
	if chain["block_num"] != 3.0 || chain["transaction_num"] != 1.0 || chain["contract_num"] != 1.0 || chain["consensus"] != "IBFT2.0" {
		t.Errorf("chain %v", chain)
	}
	blocks := e.get(besuAt(id, "chain/blocks"))["blocks"].([]any)
	for n, v := range blocks[:len(blocks)-1] {
		if v.(object)["parent_hash"] != blocks[n+1].(object)["body_hash"] {
			t.Errorf("block %v does not follow the one before", v)
		}
	}
	if diff := cmp.Diff(blocks[0], any(e.get(besuAt(id, "chain/blocks/2")))); diff != "" {
		t.Error(diff)
	}
	x := e.get(besuAt(id, "chain/transactions?block_height=2"))["txs"].(object)
	if diff := cmp.Diff(x, e.get(besuAt(id, "chain/transactions", x["hash"].(string)))); diff != "" || x["contract_address"] != d["address"] || x["to"] != nil {
		t.Errorf("transaction %v %s", x, diff)
	}
	if list, ok := e.get(besuAt(id, "chain/transactions?block_height=0"))["txs"].([]any); !ok || len(list) != 0 {
		t.Errorf("the first block has transactions %v", list)
	}

	certs := e.download("POST", besuAt(id, "chain/certs"), nil)
	if _, err := tls.X509KeyPair([]byte(certs["client.crt"]), []byte(certs["client.key"])); err != nil {
		t.Error(err)
	}
	issued(t, []byte(certs["client.crt"]), []byte(certs["server.crt"]))

	_, _, secret := e.send("POST", besuAt(id, "chain/tokens"), "application/json", []byte(`{"description": "mine"}`))
	_, _, second := e.send("POST", besuAt(id, "chain/tokens"), "", nil)
	if len(secret) < 40 || bytes.Equal(secret, second) {
		t.Errorf("tokens %q, %q", secret, second)
	}
	tokens := e.get(besuAt(id, "chain/tokens"))
	if tokens["count"] != 2.0 {
		t.Errorf("tokens %v", tokens)
	}
	for _, v := range tokens["tokens"].([]any) {
		e.do("DELETE", besuAt(id, "chain/tokens", v.(object)["token_id"].(string)), nil)
	}
	c.Close()
	nowhere(t, path, string(secret))
}

// nowhere looks for a secret in the cloud's files.
func nowhere(t *testing.T, path, secret string) {
	t.Helper()
	for _, name := range must(filepath.Glob(path + "*"))(t) {
		if bytes.Contains(must(os.ReadFile(name))(t), []byte(secret)) {
			t.Errorf("%s holds the secret", name)
		}
	}
}

func TestE2EE(t *testing.T) {
	path := filepath.Join(t.TempDir(), "cloud.db")
	c := start(t, inFile(path))
	e := c.engine(t)
	id := e.bought("ledger", nil, "alpha", "beta", "gamma")
	orgs := e.onChain(id)
	const secret = "canary of the message"
	encrypt := func(more object, to ...string) object {
		t.Helper()
		body := object{"target_org_ids": to, "message": secret}
		for k, v := range more {
			body[k] = v
		}
		return e.do("POST", "/v1/e2ee/org/encrypt", body)
	}
	first := encrypt(nil, orgs["alpha"], orgs["beta"])
	if first["data_to_chain"] != nil {
		t.Errorf("%v", first)
	}
	second := encrypt(object{"update_group_key": true}, orgs["beta"], orgs["alpha"])
	for _, m := range []object{first, second} {
		if got := e.do("POST", "/v1/e2ee/org/decrypt", object{"transaction_id": m["transaction_id"]})["message"]; got != secret {
			t.Errorf("decrypted %v", got)
		}
	}
	own := encrypt(object{"up_to_chain": false}, orgs["alpha"])
	if own["transaction_id"] != "" || len(own["data_to_chain"].([]any)) != 1 {
		t.Errorf("%v", own)
	}
	x := e.get(at(id, "chain/transactions", first["transaction_id"].(string)))
	if text := fmt.Sprint(x["write_set"]); strings.Contains(text, "canary") || x["contract_name"] != "e2ee-plugin" {
		t.Errorf("transaction %v", x)
	}
	e.refuses(400, "E2EE.4000002", "POST", "/v1/e2ee/org/encrypt", object{"target_org_ids": []string{"nobody-000000000"}, "message": "m"})
	e.refuses(400, "E2EE.4000001", "POST", "/v1/e2ee/org/encrypt", object{"target_org_ids": []string{}, "message": "m"})
	e.refuses(400, "E2EE.4000001", "POST", "/v1/e2ee/org/encrypt", object{"target_org_ids": []string{orgs["alpha"]}})
	e.refuses(400, "E2EE.4000003", "POST", "/v1/e2ee/org/decrypt", object{"transaction_id": "00"})

	secure := httptest.NewUnstartedServer(c.Emulator)
	secure.TLS = &tls.Config{ClientAuth: tls.RequestClientCert}
	secure.StartTLS()
	t.Cleanup(secure.Close)
	decrypt := func(org string) int {
		files := e.download("POST", at(id, "chain/sdk-config"), object{"cert_path": "p", "orgs": []string{orgs[org]}, "access_mode": "StandardChannel"})
		dir := "p/orgcerts/" + orgs[org]
		pair := must(tls.X509KeyPair([]byte(files[dir+"/user_tls.crt"]), []byte(files[dir+"/user_tls.key"])))(t)
		client := secure.Client()
		transport := client.Transport.(*http.Transport).Clone()
		transport.TLSClientConfig.Certificates = []tls.Certificate{pair}
		body := fmt.Sprintf(`{"transaction_id": %q}`, first["transaction_id"])
		res := must((&http.Client{Transport: transport}).Post(secure.URL+"/v1/e2ee/org/decrypt", "application/json", strings.NewReader(body)))(t)
		res.Body.Close()
		transport.CloseIdleConnections()
		return res.StatusCode
	}
	if a, g := decrypt("alpha"), decrypt("gamma"); a != 200 || g != 400 {
		t.Errorf("alpha gets %d, gamma %d", a, g)
	}
	c.Close()
	nowhere(t, path, secret)
}

package emulator_test

import (
	"io"
	"net/http"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/huaweicloud/huaweicloud-sdk-go-v3/core"
	"github.com/huaweicloud/huaweicloud-sdk-go-v3/core/auth/basic"
	"github.com/huaweicloud/huaweicloud-sdk-go-v3/core/def"
)

// Requests and answers of HBS, which the SDK has no client for, as its core
// wants them.
type (
	pageRequest struct {
		Limit *int `json:"limit,omitempty"`
	}
	instancesPage struct {
		Count     int `json:"count"`
		Instances []struct {
			ID   string `json:"id"`
			Name string `json:"name"`
		} `json:"instances"`
		HttpStatusCode int `json:"-"`
	}
	jobsRequest struct {
		Body *jobList `json:"body,omitempty"`
	}
	jobList struct {
		Jobs []string `json:"jobs"`
	}
	result struct {
		Result         string `json:"result"`
		HttpStatusCode int    `json:"-"`
	}
	installRequest struct {
		Instance string       `json:"instance_id"`
		Body     *installForm `json:"body,omitempty" type:"multipart"`
	}
	installForm struct {
		Name     *def.MultiPart `json:"name"`
		Version  *def.MultiPart `json:"version"`
		Type     *def.MultiPart `json:"type"`
		Installs *def.MultiPart `json:"install_orgs"`
		Endorses *def.MultiPart `json:"endorse_orgs"`
		Policy   *def.MultiPart `json:"endorse_policy"`
		File     *def.FilePart  `json:"file"`
	}
	instanceRequest struct {
		Instance string `json:"instance_id"`
	}
	stream struct {
		HttpStatusCode int           `json:"-"`
		Body           io.ReadCloser `json:"-" type:"stream"`
	}
)

// The SDK's core signs requests of every form, and HBS takes them.
func TestHBSSigned(t *testing.T) {
	c := start(t)
	e := c.engine(t)
	id := e.bought("ledger", nil, "alpha")
	other := e.bought("bchain", besu, "alpha")
	hc := client(t, core.NewHcHttpClientBuilder().WithCredentialsType("basic.Credentials"), c.url, c.credentials(t))
	field := func(name, tag string, at def.LocationType) *def.FieldDef {
		return def.NewFieldDef().WithName(name).WithJsonTag(tag).WithLocationType(at)
	}
	send := func(method, path, contentType string, in, out any, fields ...*def.FieldDef) {
		t.Helper()
		b := def.NewHttpRequestDefBuilder().WithMethod(method).WithPath("/v2/{project_id}/" + path).WithResponse(out).WithContentType(contentType)
		for _, f := range fields {
			b.WithRequestField(f)
		}
		if _, err := hc.Sync(in, b.Build()); err != nil {
			t.Fatalf("%s %s: %v", method, path, err)
		}
	}
	const mediaJSON = "application/json"

	var page instancesPage
	send(http.MethodGet, "huaweicloudchain/instances", mediaJSON, &pageRequest{Limit: ptr(1)}, &page, field("Limit", "limit", def.Query))
	if page.Count != 2 || len(page.Instances) != 1 || page.Instances[0].Name != "bchain" {
		t.Errorf("page %+v", page)
	}
	var done result
	send(http.MethodDelete, "huaweicloudchain/jobs", mediaJSON, &jobsRequest{Body: &jobList{Jobs: []string{e.newestJob().(string)}}}, &done,
		field("Body", "", def.Body))
	if done.Result != "success" {
		t.Errorf("deleting: %+v", done)
	}

	path := filepath.Join(t.TempDir(), "contract.zip")
	if err := os.WriteFile(path, zipped(t, "main.go"), 0o600); err != nil {
		t.Fatal(err)
	}
	file := must(os.Open(path))(t)
	defer file.Close()
	text := func(s string) *def.MultiPart { return def.NewMultiPart(s) }
	orgs := `["` + e.onChain(id)["alpha"] + `"]`
	send(http.MethodPost, "huaweicloudchain/instances/{instance_id}/chain/contract", "multipart/form-data", &installRequest{
		Instance: id,
		Body: &installForm{
			Name: text("trade"), Version: text("1.0"), Type: text("go"), Installs: text(orgs), Endorses: text(orgs), Policy: text("OR"),
			File: def.NewFilePart(file),
		},
	}, &done, field("Instance", "instance_id", def.Path), field("Body", "", def.Body))
	e.passes(time.Minute)
	if d := e.get(at(id, "chain/contract?name=trade")); d["status"] != "Success" {
		t.Errorf("contract %v", d)
	}

	var token stream
	send(http.MethodPost, "besu/instances/{instance_id}/chain/tokens", mediaJSON, &instanceRequest{Instance: other}, &token,
		field("Instance", "instance_id", def.Path))
	if data := must(io.ReadAll(token.Body))(t); len(data) < 40 {
		t.Errorf("token of %d bytes", len(data))
	}
	token.Body.Close()
	if _, ok := hc.GetCredential().(*basic.Credentials); !ok {
		t.Errorf("not signed by %T", hc.GetCredential())
	}
}

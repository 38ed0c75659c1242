package huaweicloud_test

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"hash"
	"io"
	"log/slog"
	"mime"
	"mime/multipart"
	"net/http"
	"runtime"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/huaweicloud/huaweicloud-sdk-go-v3/core"
	"github.com/huaweicloud/huaweicloud-sdk-go-v3/core/def"

	"github.com/orchestrate-tosca/orchestrate/providers"
	"github.com/orchestrate-tosca/orchestrate/providers/huaweicloud"
)

var raw = huaweicloud.Service[*core.HcHttpClient]{Host: "bcs", New: func(c *core.HcHttpClient) *core.HcHttpClient { return c }}

type (
	nothing struct{}
	taken   struct {
		Result         string `json:"result"`
		HttpStatusCode int    `json:"-"`
	}
)

// install is a call whose body is a form.
func install(c *core.HcHttpClient, q *nothing) (*taken, error) {
	answer := new(taken)
	_, err := c.Sync(q, def.NewHttpRequestDefBuilder().WithMethod(http.MethodPost).WithPath("/v2/{project_id}/install").
		WithContentType("multipart/form-data").WithResponse(answer).Build())
	return answer, err
}

func upload(ctx context.Context, c *huaweicloud.Client, f *huaweicloud.Form) error {
	_, err := huaweicloud.Upload(ctx, c, raw, "Install", install, &nothing{}, f)
	return err
}

// endless gives as many bytes as are asked for; it holds none of them.
type endless struct{ left int64 }

func (e *endless) Read(p []byte) (int, error) {
	if e.left == 0 {
		return 0, io.EOF
	}
	n := int(min(int64(len(p)), e.left))
	clear(p[:n])
	e.left -= int64(n)
	return n, nil
}

func (e *endless) Close() error { return nil }

func fileOf(size int64) *huaweicloud.FormFile {
	return &huaweicloud.FormFile{
		Field: "file", Name: `a "quoted".zip`, Media: "application/zip", Size: size,
		Open: func() (io.ReadCloser, error) { return &endless{size}, nil },
	}
}

// service takes forms. It keeps nothing of their files.
type service struct {
	tokens, forms atomic.Int64
	fields        map[string]string
	digest        hash.Hash
	header        http.Header
	length        int64
	refuse        int // status of the next answers, 0: none
}

func (s *service) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if r.URL.Path == "/v3/auth/tokens" {
		s.tokens.Add(1)
		var body map[string]any
		json.NewDecoder(r.Body).Decode(&body)
		w.Header().Set("X-Subject-Token", fmt.Sprintf("%s-token-%d", canary, s.tokens.Load()))
		w.WriteHeader(http.StatusCreated)
		fmt.Fprintf(w, `{"token":{"expires_at":%q,"asked":%q}}`, time.Now().Add(24*time.Hour).UTC().Format(time.RFC3339Nano), fmt.Sprint(body["auth"] != nil))
		return
	}
	s.forms.Add(1)
	s.header, s.length, s.fields, s.digest = r.Header, r.ContentLength, map[string]string{}, sha256.New()
	_, params, err := mime.ParseMediaType(r.Header.Get("Content-Type"))
	if err != nil {
		w.WriteHeader(http.StatusBadRequest)
		return
	}
	for form := multipart.NewReader(r.Body, params["boundary"]); ; {
		part, err := form.NextPart()
		if err == io.EOF {
			break
		}
		if err != nil {
			w.WriteHeader(http.StatusBadRequest)
			return
		}
		if part.FileName() == "" {
			text, _ := io.ReadAll(part)
			s.fields[part.FormName()] = string(text)
			continue
		}
		s.fields[part.FormName()] = part.FileName() + " " + part.Header.Get("Content-Type")
		io.Copy(s.digest, part)
	}
	if s.refuse != 0 {
		w.WriteHeader(s.refuse)
		fmt.Fprintf(w, `{"error_code":"BCS.1","error_msg":"told: %s"}`, r.Header.Get("X-Auth-Token"))
		return
	}
	fmt.Fprint(w, `{"result":"success"}`)
}

// A form is signed for as long as it may be; a longer one comes with a token, which
// is asked for once.
func TestUpload(t *testing.T) {
	s := &service{}
	url := serve(t, s.ServeHTTP)
	var log bytes.Buffer
	c := newClient(t, url, func(cfg *huaweicloud.Config) {
		cfg.Log = slog.New(slog.NewTextHandler(&log, &slog.HandlerOptions{Level: slog.LevelDebug}))
	})
	for _, size := range []int64{-1, 0, 5, 11 << 20, 12 << 20, 12 << 20} {
		told := int64(0)
		f := &huaweicloud.Form{
			Fields: []huaweicloud.Field{{Name: "name", Text: "trade"}, {Name: "orgs", Text: `["a","b"]`}},
			Sent:   func(sent, all int64) { told = sent },
		}
		sum := sha256.New()
		want := map[string]string{"name": "trade", "orgs": `["a","b"]`}
		if size >= 0 {
			f.File = fileOf(size)
			io.Copy(sum, &endless{size})
			want["file"] = `a "quoted".zip application/zip`
		}
		if err := upload(t.Context(), c, f); err != nil {
			t.Fatalf("%d bytes: %v", size, err)
		}
		if fmt.Sprint(s.fields) != fmt.Sprint(want) || !bytes.Equal(s.digest.Sum(nil), sum.Sum(nil)) {
			t.Errorf("%d bytes came as %v", size, s.fields)
		}
		if s.length <= size || told != max(size, 0) {
			t.Errorf("of %d bytes, with a length of %d, %d were told", size, s.length, told)
		}
		signed, token := s.header.Get("Authorization") != "", s.header.Get("X-Auth-Token") != ""
		if long := size >= 12<<20; signed == long || token != long || long && s.header.Get("X-Sdk-Date") != "" {
			t.Errorf("%d bytes: signed %v, with a token %v", size, signed, token)
		}
	}
	if n := s.tokens.Load(); n != 1 {
		t.Errorf("%d tokens were asked for", n)
	}
	if strings.Contains(log.String(), canary) || !strings.Contains(log.String(), "KeystoneCreateUserTokenByPassword") {
		t.Errorf("the log: %s", &log)
	}
}

// A token that is refused is not used again, and told to nobody.
func TestUploadRefused(t *testing.T) {
	s := &service{refuse: http.StatusUnauthorized}
	c := newClient(t, serve(t, s.ServeHTTP))
	err := upload(t.Context(), c, &huaweicloud.Form{File: fileOf(13 << 20)})
	if e := failure(t, err); e.Kind != providers.Auth || strings.Contains(err.Error(), canary) || !strings.Contains(e.Message, "told:") {
		t.Errorf("%s: %v", e.Kind, err)
	}
	s.refuse = 0
	if err := upload(t.Context(), c, &huaweicloud.Form{File: fileOf(13 << 20)}); err != nil || s.tokens.Load() != 2 {
		t.Errorf("%v after %d tokens", err, s.tokens.Load())
	}
}

// What can't be read is not sent, or never whole; what is sent is never sent twice
// by itself.
func TestUploadBroken(t *testing.T) {
	s := &service{}
	c := newClient(t, serve(t, s.ServeHTTP))
	gone := errors.New("it is gone")
	f := fileOf(10)
	f.Open = func() (io.ReadCloser, error) { return nil, gone }
	if err := upload(t.Context(), c, &huaweicloud.Form{File: f}); !errors.Is(err, gone) || s.forms.Load() != 0 {
		t.Errorf("%v, %d requests", err, s.forms.Load())
	}
	for _, holds := range []int64{9, 11} {
		f.Open = func() (io.ReadCloser, error) { return &endless{holds}, nil }
		err := upload(t.Context(), c, &huaweicloud.Form{File: f})
		if e := failure(t, err); e.Kind != providers.Ambiguous || !strings.Contains(err.Error(), "another length") {
			t.Errorf("%d bytes of 10: %s, %v", holds, e.Kind, err)
		}
	}
}

// A long file takes no more memory than a short one.
func TestUploadMemory(t *testing.T) {
	s := &service{}
	c := newClient(t, serve(t, s.ServeHTTP))
	if _, err := c.Token(t.Context()); err != nil {
		t.Fatal(err)
	}
	grows := func(size int64) uint64 {
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		if err := upload(t.Context(), c, &huaweicloud.Form{File: fileOf(size)}); err != nil {
			t.Fatal(err)
		}
		runtime.ReadMemStats(&after)
		return after.TotalAlloc - before.TotalAlloc
	}
	grows(1 << 10)
	if n := grows(100 << 20); n > 4<<20 {
		t.Errorf("100 MiB were sent with %d bytes of memory", n)
	}
}

func BenchmarkUpload(b *testing.B) {
	s := &service{}
	c, err := huaweicloud.New(huaweicloud.Config{Endpoint: "http://bcs.test", Env: environment(), Transport: direct{s}})
	if err != nil {
		b.Fatal(err)
	}
	b.SetBytes(100 << 20)
	b.ReportAllocs()
	for b.Loop() {
		if err := upload(b.Context(), c, &huaweicloud.Form{File: fileOf(100 << 20)}); err != nil {
			b.Fatal(err)
		}
	}
}

// direct hands requests to a handler.
type direct struct{ to http.Handler }

type recorded struct {
	status int
	header http.Header
	body   bytes.Buffer
}

func (r *recorded) Header() http.Header         { return r.header }
func (r *recorded) WriteHeader(status int)      { r.status = status }
func (r *recorded) Write(p []byte) (int, error) { return r.body.Write(p) }

func (d direct) RoundTrip(q *http.Request) (*http.Response, error) {
	w := &recorded{status: http.StatusOK, header: http.Header{}}
	d.to.ServeHTTP(w, q)
	return &http.Response{StatusCode: w.status, Header: w.header, Body: io.NopCloser(&w.body), Request: q}, nil
}

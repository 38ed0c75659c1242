package huaweicloud

import (
	"errors"
	"io/fs"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/huaweicloud/huaweicloud-sdk-go-v3/core/sdkerr"

	"github.com/orchestrate-tosca/orchestrate/providers"
)

const profileText = `
[basic]
ak = FILEAK
sk = filesk
project_id = filep
region = filer

[global]
ak = other
`

func TestLookupCredentials(t *testing.T) {
	const variable = "environment variable "
	for name, tt := range map[string]struct {
		env    map[string]string
		file   string // "": there is none
		wantAK string
		want   map[string]string // sources that must be right
		broken string            // part of the error
	}{
		"nothing": {broken: "no credentials"},
		"first choice wins": {
			env:    map[string]string{"HW_ACCESS_KEY": "A", "HW_SECRET_KEY": "S", "HUAWEICLOUD_SDK_AK": "B", "HUAWEICLOUD_SDK_SK": "T"},
			wantAK: "A", want: map[string]string{"ak": variable + "HW_ACCESS_KEY", "sk": variable + "HW_SECRET_KEY"},
		},
		"the SDK's names": {
			env:    map[string]string{"HUAWEICLOUD_SDK_AK": "B", "HUAWEICLOUD_SDK_SK": "T", "HUAWEICLOUD_SDK_PROJECT_ID": "P"},
			wantAK: "B", want: map[string]string{"ak": variable + "HUAWEICLOUD_SDK_AK", "project": variable + "HUAWEICLOUD_SDK_PROJECT_ID"},
		},
		"the profile file": {
			file: profileText, wantAK: "FILEAK",
			want: map[string]string{"ak": "/home/u/.huaweicloud/credentials, key ak", "region": "/home/u/.huaweicloud/credentials, key region"},
		},
		"project from the file, keys from the environment": {
			env: map[string]string{"HW_ACCESS_KEY": "A", "HW_SECRET_KEY": "S"}, file: profileText,
			wantAK: "A", want: map[string]string{"project": "/home/u/.huaweicloud/credentials, key project_id"},
		},
		"keys are not mixed": {
			env: map[string]string{"HW_ACCESS_KEY": "A", "HUAWEICLOUD_SDK_SK": "T"}, file: profileText,
			wantAK: "A", broken: "no secret key beside it",
		},
		"a secret key alone": {env: map[string]string{"HW_SECRET_KEY": "S"}, broken: "no access key beside it"},
		"a broken file":      {file: "[basic\nsk = very-secret", broken: "not an ini file"},
		"a named file that is not there": {
			env: map[string]string{"HUAWEICLOUD_SDK_CREDENTIALS_FILE": "/else/where"}, broken: "/else/where",
		},
	} {
		t.Run(name, func(t *testing.T) {
			readFile := func(path string) ([]byte, error) {
				if tt.file == "" || path != "/home/u/.huaweicloud/credentials" {
					return nil, &fs.PathError{Op: "open", Path: path, Err: fs.ErrNotExist}
				}
				return []byte(tt.file), nil
			}
			got, err := LookupCredentials(func(n string) string { return tt.env[n] }, "/home/u", readFile)
			if (err != nil) != (tt.broken != "") || err != nil && !strings.Contains(err.Error(), tt.broken) {
				t.Fatalf("error %v, want %q", err, tt.broken)
			}
			if err != nil {
				if !IsKind(err, providers.Auth) || strings.Contains(err.Error(), "very-secret") {
					t.Errorf("%v", err)
				}
			}
			if got.AccessKey.Value() != tt.wantAK {
				t.Errorf("access key %q", got.AccessKey.Value())
			}
			sources := map[string]string{
				"ak": got.AccessKey.Source, "sk": got.SecretKey.Source, "project": got.ProjectID.Source, "region": got.Region.Source,
			}
			for k, want := range tt.want {
				if sources[k] != want {
					t.Errorf("%s comes from %q, want %q", k, sources[k], want)
				}
			}
			if got.DomainID.Source != "" {
				t.Errorf("a value that was not found has a source: %q", got.DomainID.Source)
			}
		})
	}
}

func TestRetryAfter(t *testing.T) {
	now := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	for in, want := range map[string]time.Duration{
		"":                              0,
		"7":                             7 * time.Second,
		"-7":                            0,
		"999999999":                     time.Hour,
		"soon":                          0,
		"Fri, 02 Jan 2026 03:04:35 GMT": 30 * time.Second,
		"Fri, 02 Jan 2026 03:04:00 GMT": 0,
	} {
		if got := retryAfter(in, now); got != want {
			t.Errorf("%q: %v, want %v", in, got, want)
		}
	}
}

func TestVerdict(t *testing.T) {
	throttled := &providers.Error{Kind: providers.Throttled, RetryAfter: 3 * time.Second}
	if err := verdict(throttled); !strings.Contains(err.Error(), "3") {
		t.Errorf("Retry-After is not honoured: %v", err)
	}
	for _, kind := range []providers.Kind{providers.Busy, providers.Auth, providers.Invalid, providers.NotFound, providers.Unexpected} {
		e := &providers.Error{Kind: kind}
		if err := verdict(e); errors.Unwrap(err) == nil {
			t.Errorf("%s would be repeated", kind)
		}
	}
}

// Every code that the table of faults lists must be readable as one.
func TestRules(t *testing.T) {
	for code, r := range rules {
		if r.kind == "" || r.advice == "" && kindAdvice[r.kind] == "" {
			t.Errorf("%s: no kind or no advice", code)
		}
		if number, ok := strings.CutPrefix(code, "BCS."); ok && strings.Contains(failedFaults, " "+number+" ") {
			t.Errorf("%s is listed twice", code)
		}
	}
	for _, number := range strings.Fields(failedFaults) {
		if r, ok := ruleOf("BCS." + number); !ok || r.kind != providers.Failed {
			t.Errorf("BCS.%s: %v", number, r)
		}
	}
}

// What to do about a refusal depends on whether something was to be changed: a look
// has no property to correct.
func TestAdviceOfRefusals(t *testing.T) {
	for changes, want := range map[bool]string{true: "Correct the property", false: "Check what was asked for"} {
		e := &providers.Error{Status: http.StatusBadRequest}
		rejected(e, changes, &sdkerr.ServiceResponseError{ErrorCode: "BCS.9999999", ErrorMessage: "not so"})
		if e.Kind != providers.Invalid || !strings.Contains(e.Advice, want) {
			t.Errorf("changes %v: %s, %q", changes, e.Kind, e.Advice)
		}
	}
}

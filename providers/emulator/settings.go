package emulator

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"
)

// The quotas of a project. The first is of BCS, the second of HBS, the next
// three as the network services name them, the last three of ECS.
const (
	QuotaInstances    = "instance"
	QuotaHBSInstances = "hbsInstance"
	QuotaVPCs         = "vpc"
	QuotaSubnets      = "subnet"
	QuotaPublicIPs    = "publicIp"
	QuotaServers      = "server"
	QuotaCores        = "core"
	QuotaRAM          = "ram" // in MB
)

// defaultQuotas are the emulator's choice. That of subnets is far above the
// vendor's 100, which a service ticket raises: large stacks are to be tried.
var defaultQuotas = map[string]int{
	QuotaInstances: 5, QuotaHBSInstances: 10, QuotaVPCs: 50, QuotaSubnets: 1000, QuotaPublicIPs: 200,
	QuotaServers: 1000, QuotaCores: 8000, QuotaRAM: 16_384_000,
}

// What a flavour may be set to, in the service's words.
const (
	FlavorNormal  = "normal"  // for sale
	FlavorSellout = "sellout" // sold out
	FlavorAbandon = "abandon" // no longer offered
)

// defaultVersions are the newest versions of the engines of HBS, by the kind of
// the instances.
var defaultVersions = map[string]string{kindHuaweiChain: "1.0.1.2", kindBesu: "22.10.3"}

// Settings are what no call of the vendor's API changes: how much each project
// may have, what is for sale, and which engines have been released.
type Settings struct {
	Quotas   map[string]int    `json:"quotas,omitempty"`
	Flavors  map[string]string `json:"flavors,omitempty"`
	Versions map[string]string `json:"versions,omitempty"` // "HuaweiCloudChain", "Besu"
}

const kindSettings = "emulator.settings"

// storedSettings are the Settings that were made while the cloud lived.
// They are kept under the first tenant's project, and hold for all.
type storedSettings struct {
	Settings
	Project string
}

func (s *storedSettings) object() Object {
	return Object{Kind: kindSettings, ID: s.Project, Project: s.Project}
}

func (s Settings) check() error {
	for name, n := range s.Quotas {
		if _, known := defaultQuotas[name]; !known || n < 0 {
			return fmt.Errorf("quota %q: there are %s, each 0 or more", name, strings.Join(slices.Sorted(maps.Keys(defaultQuotas)), ", "))
		}
	}
	for name, status := range s.Flavors {
		if !flavorForm.MatchString(name) || !slices.Contains([]string{FlavorNormal, FlavorSellout, FlavorAbandon}, status) {
			return fmt.Errorf("flavor %q: %q is none of normal, sellout, abandon, or the name is malformed", name, status)
		}
	}
	for kind, version := range s.Versions {
		if defaultVersions[kind] == "" || !versionForm.MatchString(version) {
			return fmt.Errorf("version %q: %q: there are %s, each with two to four numbers joined with dots", kind, version,
				strings.Join(slices.Sorted(maps.Keys(defaultVersions)), ", "))
		}
	}
	return nil
}

// merge lets later settings win, one by one.
func (s *Settings) merge(later Settings) {
	if s.Quotas == nil {
		s.Quotas = map[string]int{}
	}
	if s.Flavors == nil {
		s.Flavors = map[string]string{}
	}
	maps.Copy(s.Quotas, later.Quotas)
	if s.Versions == nil {
		s.Versions = map[string]string{}
	}
	maps.Copy(s.Flavors, later.Flavors)
	maps.Copy(s.Versions, later.Versions)
}

// Set changes settings for good; what is not named stays. It is a side door
// for tests and rehearsals, as is PUT /_emulator/settings.
func (e *Emulator) Set(ctx context.Context, s Settings) error {
	if err := s.check(); err != nil {
		return fmt.Errorf("setting the emulator: %w", err)
	}
	return e.inside(ctx, func(c *call) error {
		stored, err := get[storedSettings](c.tx, kindSettings, e.opts.ProjectID)
		if err != nil {
			return err
		}
		if stored == nil {
			stored = &storedSettings{Project: e.opts.ProjectID}
		}
		stored.merge(s)
		return c.put(stored)
	})
}

// Settings returns all settings as they are now.
func (e *Emulator) Settings(ctx context.Context) (Settings, error) {
	var out Settings
	err := e.inside(ctx, func(c *call) (err error) {
		out, err = c.settings()
		return err
	})
	return out, err
}

// setFromRequest reads Settings from the body of a request.
func (e *Emulator) setFromRequest(r *http.Request) error {
	var s Settings
	d := json.NewDecoder(http.MaxBytesReader(nil, r.Body, maxBodyBytes))
	d.DisallowUnknownFields()
	if err := d.Decode(&s); err != nil {
		return fmt.Errorf("setting the emulator: %w", err)
	}
	return e.Set(r.Context(), s)
}

// settings are the defaults, over which go the options, over which goes what
// was set since.
func (c *call) settings() (Settings, error) {
	var s Settings
	s.merge(Settings{Quotas: defaultQuotas, Versions: defaultVersions})
	s.merge(Settings{Quotas: map[string]int{QuotaInstances: c.e.opts.InstanceQuota}})
	s.merge(c.e.opts.Settings)
	stored, err := get[storedSettings](c.tx, kindSettings, c.e.opts.ProjectID)
	if err == nil && stored != nil {
		s.merge(stored.Settings)
	}
	return s, err
}

// quota is how much of a kind the project may have.
func (c *call) quota(name string) (int, error) {
	s, err := c.settings()
	return s.Quotas[name], err
}

// room tells whether n more objects of a kind fit its quota.
func (c *call) room(name, kind string, n int) (bool, error) {
	quota, err := c.quota(name)
	if err != nil {
		return false, err
	}
	used, err := c.count(kind, c.project)
	return used+n <= quota, err
}

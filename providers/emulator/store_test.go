package emulator

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"path/filepath"
	"testing"
	"time"
)

// version1 are the tables of version 1, as far as they are other ones now.
const version1 = `
CREATE TABLE objects (
	kind    TEXT NOT NULL,
	id      TEXT NOT NULL,
	project TEXT NOT NULL,
	parent  TEXT NOT NULL,
	name    TEXT NOT NULL,
	created INTEGER NOT NULL,
	data    BLOB NOT NULL,
	PRIMARY KEY (kind, id)
) WITHOUT ROWID;
CREATE INDEX objects_by_parent ON objects (kind, parent);
CREATE INDEX objects_by_name ON objects (kind, project, name);
CREATE TABLE work (id TEXT PRIMARY KEY, kind TEXT NOT NULL, due INTEGER NOT NULL);
CREATE INDEX work_by_due ON work (due, id);
CREATE TABLE changes (
	seq INTEGER PRIMARY KEY AUTOINCREMENT, time INTEGER NOT NULL, service TEXT NOT NULL, operation TEXT NOT NULL, method TEXT NOT NULL,
	path TEXT NOT NULL, body TEXT NOT NULL, status INTEGER NOT NULL, code TEXT NOT NULL, request_id TEXT NOT NULL, lost INTEGER NOT NULL
);
PRAGMA user_version = 1;`

// A file of an earlier version is brought up to date, and its subnets are known.
func TestFileOfVersion1(t *testing.T) {
	path := filepath.Join(t.TempDir(), "cloud.db")
	db, err := sql.Open("sqlite", path)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := db.Exec(version1); err != nil {
		t.Fatal(err)
	}
	for _, d := range []document{
		&vpc{ID: "net", Project: DefaultProjectID, Name: "net", CIDR: "10.0.0.0/8"},
		&subnet{ID: "one", Project: DefaultProjectID, VPC: "net", Name: "one", CIDR: "10.1.0.0/16", Gateway: "10.1.0.1"},
	} {
		data, err := json.Marshal(d)
		if err != nil {
			t.Fatal(err)
		}
		o := d.object()
		if _, err := db.Exec("INSERT INTO objects (kind, id, project, parent, name, created, data) VALUES (?,?,?,?,?,?,?)",
			o.Kind, o.ID, o.Project, o.Parent, o.Name, time.Now().UnixNano(), data); err != nil {
			t.Fatal(err)
		}
	}
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	for range 2 { // the second time there is nothing to do
		e, err := Open(context.Background(), Options{Contracts: parsed(), DB: path})
		if err != nil {
			t.Fatal(err)
		}
		objects, err := e.Objects(t.Context())
		if err != nil || len(objects) != 2 {
			t.Errorf("%v: %v", objects, err)
		}
		overlaps(t, e, "net", map[string]bool{
			"10.1.0.0/16": true, "10.1.0.0/24": true, "10.1.255.0/24": true, "10.0.0.0/8": true, "10.0.0.0/15": true,
			"10.0.0.0/16": false, "10.2.0.0/16": false, "10.0.255.0/24": false, "10.2.0.0/28": false,
		})
		if err := e.Close(); err != nil {
			t.Fatal(err)
		}
	}
}

// overlaps asks whether a subnet could be made in a VPC.
func overlaps(t *testing.T, e *Emulator, vpcID string, want map[string]bool) {
	t.Helper()
	err := e.inside(t.Context(), func(c *call) error {
		v, err := c.vpc(vpcID)
		if err != nil {
			return err
		}
		for cidr, refused := range want {
			p, ok := parseNetwork(cidr)
			if !ok {
				t.Fatalf("%s is no network", cidr)
			}
			err := c.checkSubnetNetwork(v, subnetFields{CIDR: cidr, Gateway: p.Addr().Next().String()})
			var refusal *apiError
			if got := errors.As(err, &refusal) && refusal.code == subnetOverlaps; got != refused || err != nil && !refused {
				t.Errorf("%s: %v, want an overlap: %v", cidr, err, refused)
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

// Whether networks overlap is found without reading all of them.
func TestOverlappingSubnets(t *testing.T) {
	e := openForTest(t)
	err := e.inside(t.Context(), func(c *call) error {
		if err := c.put(&vpc{ID: "net", Project: c.project, CIDR: "10.0.0.0/8"}); err != nil {
			return err
		}
		for _, cidr := range []string{"10.0.0.0/24", "10.0.1.0/28", "10.128.0.0/9", "10.64.0.0/24"} {
			if err := c.put(&subnet{ID: cidr, Project: c.project, VPC: "net", CIDR: cidr}); err != nil {
				return err
			}
		}
		return c.put(&subnet{ID: "elsewhere", Project: c.project, VPC: "other", CIDR: "10.0.2.0/24"})
	})
	if err != nil {
		t.Fatal(err)
	}
	overlaps(t, e, "net", map[string]bool{
		"10.0.0.0/24": true, "10.0.0.16/28": true, "10.0.0.240/28": true, "10.0.0.0/8": true, "10.0.1.0/24": true, "10.0.1.0/28": true,
		"10.0.1.16/28": false, "10.0.2.0/24": false, "10.127.0.0/16": false, "10.255.255.240/28": true, "10.128.0.0/16": true,
		"10.64.0.0/10": true, "10.64.1.0/24": false, "10.63.255.240/28": false, "10.32.0.0/11": false,
	})
}

package emulator

import (
	"archive/zip"
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"mime"
	"mime/multipart"
	"net/http"
	"time"
)

const kindHBSContract = "hbs.contract"

// States of contracts (2.5.6.2), also of those of Besu, for which no text lists any.
const (
	contractInstalling = "Installing"
	contractFailed     = "Failed"
	contractSuccess    = "Success"
)

// Languages of contracts (2.5.6.1).
const (
	contractGo       = "go"
	contractSolidity = "solidity"
	contractJava     = "java"
)

const (
	takesInstall = time.Minute
	takesScan    = 2 * time.Minute // after the installation

	// Limits of uploads (2.5.6.1), with an M of 2^20.
	maxGoArchive   = 30 << 20
	maxGoEntries   = 1000000
	maxGoUnpacked  = 500 << 20
	maxJavaArchive = 100 << 20
	maxJar         = 100 << 20
	javaEntry      = "contract.jar"
)

// hbsContractDoc is an installed contract. An update takes the place of what was
// there.
type hbsContractDoc struct {
	ID            string // of the installation
	Project       string
	Instance      string
	Name, Version string
	Type, Status  string
	Failure       string
	Description   string
	InstallOrgs   []string // on the chain
	EndorseOrgs   []string
	Policy        string
	Hash          string // SHA-256 of what was uploaded, in hex
	Scan          bool
	ScanEnds      time.Time
	Installed     time.Time
}

func (d *hbsContractDoc) object() Object {
	return Object{Kind: kindHBSContract, ID: d.ID, Project: d.Project, Parent: d.Instance, Name: d.Name, Created: d.Installed}
}

// contractKindOf is the kind of the contracts of an instance.
func contractKindOf(kind string) string {
	if kind == kindBesu {
		return kindBesuContract
	}
	return kindHBSContract
}

// form is a multipart body.
type form struct {
	values map[string]string
	file   []byte // the part named "file"; nil if there is none
	files  int    // how many of them
}

// form reads the multipart body. The contract has checked the values before.
func (c *call) form() (*form, error) {
	_, params, err := mime.ParseMediaType(c.header.Get("Content-Type"))
	if err != nil || params["boundary"] == "" {
		return nil, refuse(bcsBadRequest, "Invalid request information: the body has no boundary")
	}
	f, r := &form{values: map[string]string{}}, multipart.NewReader(bytes.NewReader(c.body), params["boundary"])
	for {
		part, err := r.NextPart()
		if err == io.EOF { // as it is: one that is wrapped says that the end is missing
			return f, nil
		}
		if err != nil {
			return nil, refuse(bcsBadRequest, "Invalid request information: the form is damaged")
		}
		var data bytes.Buffer
		if part.FormName() == "file" {
			if f.files++; f.files > 1 {
				return nil, badParameter("file", "there has to be exactly one")
			}
			data.Grow(len(c.body)) // at most so long, and not copied while it grows
		}
		if _, err := data.ReadFrom(part); err != nil {
			return nil, badParameter(part.FormName(), "cut off")
		}
		if part.FormName() == "file" {
			f.file = data.Bytes()
		} else {
			f.values[part.FormName()] = data.String()
		}
	}
}

// orgs is a form value that holds organizations as the text of a JSON array.
func (f *form) orgs(i *hbsInstance, name string, needed bool) ([]string, error) {
	text := f.values[name]
	if text == "" {
		if needed {
			return nil, badParameter(name, "missing")
		}
		return []string{}, nil
	}
	var ids []string
	if err := json.Unmarshal([]byte(text), &ids); err != nil {
		return nil, badParameter(name, "must be the text of a JSON array of strings")
	}
	if needed && len(ids) == 0 {
		return nil, badParameter(name, "must name at least one organization")
	}
	for _, id := range ids {
		if o := i.onChain(id); o == nil || o.Status != hbsAvailable {
			return nil, badParameter(name, "the organization "+id+" is not part of the instance, or not available")
		}
	}
	return ids, nil
}

// installContract answers InstallContractNew (2.5.6.1).
func installContract(c *call) (reply, error) {
	i, err := c.cloudOf(kindHuaweiChain)
	if err != nil {
		return reply{}, err
	}
	if err := c.idle(i); err != nil {
		return reply{}, err
	}
	f, err := c.form()
	if err != nil {
		return reply{}, err
	}
	d, err := f.contract(i, c.now)
	if err != nil {
		return reply{}, err
	}
	if err := c.replaceContract(d); err != nil {
		return reply{}, err
	}
	d.Failure = c.fault.FailOperation
	if d.Scan {
		d.ScanEnds = c.ends(takesInstall + takesScan)
	}
	if err := c.put(d); err != nil {
		return reply{}, err
	}
	if err := c.schedule(kindHBSContract, d.ID, c.ends(takesInstall)); err != nil {
		return reply{}, err
	}
	return succeeded()
}

// contract makes a contract of what was uploaded.
func (f *form) contract(i *hbsInstance, now time.Time) (*hbsContractDoc, error) {
	v := f.values
	d := &hbsContractDoc{
		ID: newID(), Project: i.Project, Instance: i.ID, Name: v["name"], Version: v["version"], Type: v["type"],
		Status: contractInstalling, Description: v["description"], Policy: v["endorse_policy"],
		Scan: v["security_check"] == "true" && v["type"] == contractGo, Installed: now,
	}
	packed := d.Type != contractSolidity
	var err error
	if d.InstallOrgs, err = f.orgs(i, "install_orgs", packed); err != nil {
		return nil, err
	}
	if d.EndorseOrgs, err = f.orgs(i, "endorse_orgs", packed); err != nil {
		return nil, err
	}
	code := f.file
	if packed {
		err = f.checkArchive(d.Type)
	} else {
		code, err = f.byteCode()
	}
	sum := sha256.Sum256(code)
	d.Hash = hex.EncodeToString(sum[:])
	return d, err
}

// byteCode is what a Solidity contract is made of.
func (f *form) byteCode() ([]byte, error) {
	switch {
	case f.values["endorse_policy"] != "OR":
		return nil, badParameter("endorse_policy", "must be OR for solidity")
	case f.values["byte_code"] == "":
		return nil, badParameter("byte_code", "missing, but type is solidity")
	}
	return []byte(f.values["byte_code"]), nil
}

// checkArchive keeps the rules of uploads.
func (f *form) checkArchive(kind string) error {
	switch {
	case f.files == 0:
		return badParameter("file", "missing")
	case kind == contractGo && len(f.file) > maxGoArchive, len(f.file) > maxJavaArchive:
		return badParameter("file", "too large")
	}
	r, err := zip.NewReader(bytes.NewReader(f.file), int64(len(f.file)))
	if err != nil {
		return badParameter("file", "not a zip archive")
	}
	if kind == contractJava {
		if len(r.File) != 1 || r.File[0].Name != javaEntry || r.File[0].UncompressedSize64 > maxJar {
			return badParameter("file", "must hold "+javaEntry+" of at most 100M and nothing else")
		}
		return nil
	}
	total := uint64(0)
	for _, e := range r.File {
		total += e.UncompressedSize64
	}
	if len(r.File) == 0 || len(r.File) > maxGoEntries || total > maxGoUnpacked {
		return badParameter("file", "must hold 1 to 1000000 entries of 500M together")
	}
	return nil
}

// replaceContract makes room for a contract: one of the same name is updated by
// another version of the same language, or installed again after a failure.
func (c *call) replaceContract(d *hbsContractDoc) error {
	old, err := c.contractNamed(d.Instance, d.Name)
	if err != nil || old == nil {
		return err
	}
	switch {
	case old.Status == contractInstalling:
		return refuse(bcsBusy, "Operation failed. The contract %s is being installed.", d.Name).withStatus(http.StatusConflict)
	case old.Type != d.Type:
		return refuse(hbsContract, "The type of a contract can't change: %s is of type %s.", d.Name, old.Type)
	case old.Version == d.Version && old.Status == contractSuccess:
		return refuse(hbsContract, "The version %s of the contract %s is installed already.", d.Version, d.Name)
	}
	return c.remove(old)
}

// contractNamed finds a contract of an instance; nil if there is none.
func (c *call) contractNamed(instance, name string) (*hbsContractDoc, error) {
	list, err := children[hbsContractDoc](c.tx, kindHBSContract, instance)
	if err != nil {
		return nil, err
	}
	for _, d := range list {
		if d.Name == name {
			return d, nil
		}
	}
	return nil, nil
}

// settleContract ends an installation. A success is on the chain.
func settleContract(c *call, id string) error {
	d, err := get[hbsContractDoc](c.tx, kindHBSContract, id)
	if err != nil || d == nil {
		return err
	}
	if d.Failure != "" {
		d.Status = contractFailed
		return c.put(d)
	}
	d.Status = contractSuccess
	i, err := get[hbsInstance](c.tx, kindHBSInstance, d.Instance)
	if err != nil || i == nil {
		return err
	}
	l, err := c.ledger(i)
	if err != nil {
		return err
	}
	creator := i.leader().ChainID
	if len(d.InstallOrgs) > 0 {
		creator = d.InstallOrgs[0]
	}
	l.add(c.now, &chainTx{Type: txCommon, Org: creator, Contract: d.Name, Endorsers: d.EndorseOrgs, Writes: []string{write(d.Name, d.Version)}})
	return c.putAll(d, l)
}

// scanStatus is the state of the security scan: 0 none, 1 running, 2 finished,
// 3 failed.
func (d *hbsContractDoc) scanStatus(now time.Time) int {
	switch {
	case !d.Scan:
		return 0
	case d.Status == contractFailed:
		return 3
	case now.Before(d.ScanEnds):
		return 1
	}
	return 2
}

func (d *hbsContractDoc) wire(i *hbsInstance, now time.Time) map[string]any {
	failure := ""
	if d.Status == contractFailed {
		failure = d.Failure
	}
	return map[string]any{
		"name": d.Name, "version": d.Version, "type": d.Type, "status": d.Status, "failed_message": failure,
		"description": d.Description, "chain_id": i.ChainID, "install_orgs": d.InstallOrgs, "endorse_orgs": d.EndorseOrgs,
		"endorse_policy": d.Policy, "file_hash_code": d.Hash, "security_check": d.Scan,
		"security_check_status": d.scanStatus(now), "install_time": hbsTime(d.Installed),
	}
}

// contractOf finds the contract of the query, and its instance.
func (c *call) contractOf() (*hbsInstance, *hbsContractDoc, error) {
	i, err := c.cloudOf(kindHuaweiChain)
	if err != nil {
		return nil, nil, err
	}
	name := c.query.Get("name")
	d, err := c.contractNamed(i.ID, name)
	if err == nil && d == nil {
		err = missing("contract", name)
	}
	return i, d, err
}

// showContract answers ShowContractNew (2.5.6.2).
func showContract(c *call) (reply, error) {
	i, d, err := c.contractOf()
	if err != nil {
		return reply{}, err
	}
	return answer(d.wire(i, c.now))
}

// listContracts answers ListContractsNew (2.5.6.3).
func listContracts(c *call) (reply, error) {
	i, err := c.cloudOf(kindHuaweiChain)
	if err != nil {
		return reply{}, err
	}
	list, err := children[hbsContractDoc](c.tx, kindHBSContract, i.ID)
	if err != nil {
		return reply{}, err
	}
	newestFirst(list)
	part, err := cut(c, list)
	if err != nil {
		return reply{}, err
	}
	wires := []any{}
	for _, d := range part {
		wires = append(wires, d.wire(i, c.now))
	}
	return answer(map[string]any{"count": len(list), "contracts": wires})
}

// zipReply is an archive as HBS sends it.
func zipReply(file []byte, err error) (reply, error) {
	return reply{file: file, header: http.Header{"Content-Type": {"application/zip"}}}, err
}

// showReport answers ShowContractReport (2.5.6.4). The emulator scans nothing,
// and says so in the report.
func showReport(c *call) (reply, error) {
	_, d, err := c.contractOf()
	if err != nil {
		return reply{}, err
	}
	if d.scanStatus(c.now) != 2 {
		return reply{}, refuse(hbsContract, "There is no finished security scan of the contract %s.", d.Name)
	}
	language := c.query.Get("language")
	if language == "" {
		language = "en-us"
	}
	titles := map[string][2]string{
		"en-us": {"Security report of contract", "No problems found. The emulator does not look into contracts."},
		"zh-cn": {"合约安全检测报告", "未发现问题。模拟器不检查合约内容。"},
	}
	title := titles[language]
	facts, err := json.MarshalIndent(map[string]any{
		"contract": d.Name, "version": d.Version, "file_hash_code": d.Hash, "scanned_at": hbsTime(d.ScanEnds), "problems": []any{},
	}, "", "  ")
	if err != nil {
		return reply{}, err
	}
	page := fmt.Sprintf("<!DOCTYPE html>\n<meta charset=\"utf-8\">\n<title>%[1]s %[2]s %[3]s</title>\n<h1>%[1]s %[2]s %[3]s</h1>\n<p>%[4]s</p>\n",
		title[0], d.Name, d.Version, title[1])
	return zipReply(pack([]archiveFile{{"report_" + language + ".html", page}, {"report.json", string(facts) + "\n"}}, c.now))
}

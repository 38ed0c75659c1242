package diag

import "strings"

// Example shows a problem and the way out of it. Lines that begin with "$ "
// are commands and what they read; anything else is part of a blueprint, of
// which the dialect and unrelated sections are left out.
type Example struct {
	Wrong string
	Right string
}

// Example returns what explains the code by example; ok is false if it has no
// example yet.
func (c Code) Example() (e Example, ok bool) {
	e, ok = examples[c]
	return Example{strings.Trim(e.Wrong, "\n"), strings.Trim(e.Right, "\n")}, ok
}

// examples holds an example of each code. Tests carry those of blueprints out:
// the wrong ones give the code, the right ones nothing.
var examples = map[Code]Example{
	"DSL101": {`
outputs:
  note:
    value: see: the manual
`, `
outputs:
  note:
    value: "see: the manual"
`},
	"DSL102": {`
$ file blueprint.yaml
blueprint.yaml: Unicode text, UTF-16, little-endian text
`, `
$ iconv -f UTF-16 -t UTF-8 blueprint.yaml > utf8.yaml
`},
	"DSL103": {`
node_templates:
  data:
    type: Orchestrate.Data
    properties: {input: 1, input: 2}
`, `
node_templates:
  data:
    type: Orchestrate.Data
    properties: {input: 2}
`},
	"DSL104": {`
$ ls -s --block-size=M blueprint.yaml
100M blueprint.yaml
`, `
$ ls stacks
network  ledger  peers
`},
	"DSL105": {`
node_templates:
  data: {type: Orchestrate.Data}
---
outputs: {}
`, `
node_templates:
  data: {type: Orchestrate.Data}
outputs: {}
`},
	"DSL106": {`
tosca_definitions_version: tosca_simple_yaml_1_3
node_templates:
  data: {type: Orchestrate.Data}
`, `
tosca_definitions_version: cloud_tosca_version_1_0
node_templates:
  data: {type: Orchestrate.Data}
`},
	"DSL107": {`
inputs:
  size:
    typ: integer
    default: 1
`, `
inputs:
  size:
    type: integer
    default: 1
`},
	"DSL108": {`
outputs:
  size:
    description: How many nodes there are.
`, `
outputs:
  size:
    description: How many nodes there are.
    value: 4
`},
	"DSL109": {`
inputs:
  size:
    default: 1
    constraints:
      - in_range: [1, 5]
`, `
inputs:
  size:
    default: 1
    constraints:
      in_range: [1, 5]
`},
	"DSL110": {`
node_templates:
  data:
    type: Orchestrate.Data
    interfaces: {}
`, `
node_templates:
  data:
    type: Orchestrate.Data
`},
	"DSL111": {`
node_templates:
  a: {type: Orchestrate.Data}
  b:
    type: Orchestrate.Data
    properties:
      input: {get_property: [a, output]}
`, `
node_templates:
  a: {type: Orchestrate.Data}
  b:
    type: Orchestrate.Data
    properties:
      input: {get_attribute: [a, output]}
`},
	"DSL112": {`
node_templates:
  a: {type: Orchestrate.Data}
outputs:
  id:
    value: {get_attribute: a}
`, `
node_templates:
  a: {type: Orchestrate.Data}
outputs:
  id:
    value: {get_attribute: [a, refID]}
`},
	"DSL113": {`
node_templates:
  my net: {type: Orchestrate.Data}
`, `
node_templates:
  my-net: {type: Orchestrate.Data}
`},
	"DSL114": {`
tosca_definitions_version: cloud_tosca_version_1_0
node_templates:
  net:
    type: HuaweiCloud.VPC.VPC
    properties: {name: net, cidr: 10.0.0.0/16}
`, `
tosca_definitions_version: cloud_tosca_version_1_0
node_templates:
  net:
    type: Cloud.VPC.VPC
    properties: {name: net, cidr: 10.0.0.0/16}
`},
	"DSL115": {`
$ orchestrate validate consortium.zip
`, `
$ orchestrate validate consortium.zip --main-file network.yaml
`},
	"DSL116": {`
inputs:
  region: {default: {get_input: Cloud.Region}}
outputs:
  region: {value: {get_input: region}}
`, `
outputs:
  region: {value: {get_input: Cloud.Region}}
`},
	"DSL117": {`
mappings: {a: {}, b: {}, c: {}, d: {}, e: {}, f: {}, g: {}, h: {}, i: {}, j: {}, k: {}}
`, `
mappings: {a: {}, b: {}, c: {}, d: {}, e: {}, f: {}, g: {}, h: {}, i: {}, j: {}}
`},
	"DSL118": {`
$ zip -e consortium.zip blueprint.yaml
`, `
$ zip consortium.zip blueprint.yaml
`},
	"DSL119": {`
$ tar -czPf consortium.tgz /home/me/consortium
`, `
$ tar -czf consortium.tgz -C /home/me/consortium .
`},
	"DSL131": {`
$ orchestrate validate --strict-aos
node_templates:
  peer:
    type: Cloud.VPC.VPC
    count: 2
`, `
$ orchestrate validate
`},
	"DSL132": {`
imports: [../shared/types.yaml]
`, `
$ ls
blueprint.yaml  shared
$ head -n 2 blueprint.yaml
tosca_definitions_version: cloud_tosca_version_1_0
imports: [shared/types.yaml]
`},
	"DSL133": {`
$ cat shared/types.yaml
inputs:
  size: {type: integer}
`, `
$ cat shared/types.yaml
node_types:
  pair:
    inputs:
      size: {type: integer}
`},
	"DSL134": {`
$ grep -A 1 node_types: blueprint.yaml shared/types.yaml
blueprint.yaml:node_types:
blueprint.yaml-  pair:
shared/types.yaml:node_types:
shared/types.yaml-  pair:
`, `
$ grep -A 1 node_types: blueprint.yaml shared/types.yaml
blueprint.yaml:node_types:
blueprint.yaml-  pair:
shared/types.yaml:node_types:
shared/types.yaml-  triple:
`},
	"DSL135": {`
node_templates:
  many:
    type: Cloud.AOS.Batch
    properties:
      limit: 2
      items:
        - element: Orchestrate.Data
          properties: "input: {{ item | upper }}"
`, `
node_templates:
  many:
    type: Cloud.AOS.Batch
    properties:
      limit: 2
      items:
        - element: Orchestrate.Data
          properties: "input: {{ item }}"
`},
	"DSL201": {`
inputs:
  size: {type: integer, default: 1}
outputs:
  size: {value: {get_input: siez}}
`, `
inputs:
  size: {type: integer, default: 1}
outputs:
  size: {value: {get_input: size}}
`},
	"DSL202": {`
node_templates:
  a: {type: Orchestrate.Data}
outputs:
  o: {value: {get_attribute: [a, outputs]}}
`, `
node_templates:
  a: {type: Orchestrate.Data}
outputs:
  o: {value: {get_attribute: [a, output]}}
`},
	"DSL203": {`
mappings:
  size:
    small: {nodes: 1}
outputs:
  o: {value: {get_in_map: [size, large, nodes]}}
`, `
mappings:
  size:
    small: {nodes: 1}
    large: {nodes: 4}
outputs:
  o: {value: {get_in_map: [size, large, nodes]}}
`},
	"DSL204": {`
node_templates:
  vpc:
    type: Cloud.VPC.VPC
    properties: {name: vpc, cidr: 10.0.0.0/16}
  data:
    type: Orchestrate.Data
    requirements:
      - dependency: {node: vcp}
`, `
node_templates:
  vpc:
    type: Cloud.VPC.VPC
    properties: {name: vpc, cidr: 10.0.0.0/16}
  data:
    type: Orchestrate.Data
    requirements:
      - dependency: {node: vpc}
`},
	"DSL205": {`
inputs:
  size: {default: large}
conditions:
  big: {cond_eq: [{get_input: size}, large]}
node_templates:
  data: {type: Orchestrate.Data, condition: bigg}
`, `
inputs:
  size: {default: large}
conditions:
  big: {cond_eq: [{get_input: size}, large]}
node_templates:
  data: {type: Orchestrate.Data, condition: big}
`},
	"DSL206": {`
node_templates:
  a:
    type: Orchestrate.Data
    properties: {input: {get_attribute: [b, output]}}
  b:
    type: Orchestrate.Data
    properties: {input: {get_attribute: [a, output]}}
`, `
node_templates:
  shared: {type: Orchestrate.Data}
  a:
    type: Orchestrate.Data
    properties: {input: {get_attribute: [shared, output]}}
  b:
    type: Orchestrate.Data
    properties: {input: {get_attribute: [shared, output]}}
`},
	"DSL207": {`
node_templates:
  a:
    type: Orchestrate.Data
    properties: {input: {get_attribute: [a, output]}}
`, `
inputs:
  start: {default: 1}
node_templates:
  a:
    type: Orchestrate.Data
    properties: {input: {get_input: start}}
`},
	"DSL208": {`
node_templates:
  a: {type: Orchestrate.Data}
  b:
    type: Orchestrate.Data
    requirements:
      - dependency: {node: a, relationship: Cloud.Relationships.ContainsIn}
`, `
node_templates:
  a: {type: Orchestrate.Data}
  b:
    type: Orchestrate.Data
    requirements:
      - dependency: {node: a, relationship: Cloud.Relationships.ContainedIn}
`},
	"DSL209": {`
conditions:
  never: {cond_eq: [a, b]}
node_templates:
  a: {type: Orchestrate.Data, condition: never}
  b:
    type: Orchestrate.Data
    properties: {input: {get_attribute: [a, output]}}
`, `
conditions:
  never: {cond_eq: [a, b]}
node_templates:
  a: {type: Orchestrate.Data, condition: never}
  b:
    type: Orchestrate.Data
    properties: {input: {cond_if: [never, {get_attribute: [a, output]}, none]}}
`},
	"DSL210": {`
node_templates:
  data: {type: Orchestrate.Data}
  part:
    type: Cloud.VPC.Subnet
    properties: {name: part, cidr: 10.0.1.0/24, gateway: 10.0.1.1, vpcId: {get_reference: data}}
`, `
node_templates:
  net:
    type: Cloud.VPC.VPC
    properties: {name: net, cidr: 10.0.0.0/16}
  part:
    type: Cloud.VPC.Subnet
    properties: {name: part, cidr: 10.0.1.0/24, gateway: 10.0.1.1, vpcId: {get_reference: net}}
`},
	"DSL221": {`
node_templates:
  site:
    type: Orchestrate.Data
    for_each: [east, west]
outputs:
  east: {value: {get_attribute: ["site[est]", output]}}
`, `
node_templates:
  site:
    type: Orchestrate.Data
    for_each: [east, west]
outputs:
  east: {value: {get_attribute: ["site[east]", output]}}
`},
	"DSL222": {`
node_templates:
  site:
    type: Orchestrate.Data
    for_each: [east, east]
`, `
node_templates:
  site:
    type: Orchestrate.Data
    for_each: [east, west]
`},
	"DSL223": {`
node_types:
  pair:
    node_templates:
      inner: {type: pair}
node_templates:
  a: {type: pair}
`, `
node_types:
  pair:
    node_templates:
      inner: {type: Orchestrate.Data}
node_templates:
  a: {type: pair}
`},
	"DSL224": {`
node_templates:
  net: {type: Orchestrate.Data, deploy: false}
  part:
    type: Orchestrate.Data
    properties: {input: {get_reference: net}}
`, `
node_templates:
  net: {type: Orchestrate.Data}
  part:
    type: Orchestrate.Data
    properties: {input: {get_reference: net}}
`},
	"DSL225": {`
node_templates:
  net:
    type: ExternalNode
    properties: {stackName: elsewhere, nodeName: net}
outputs:
  id: {value: {get_attribute: [net, refID]}}
`, `
$ orchestrate stacks
$ orchestrate elements --stack network
`},
	"DSL226": {`
node_templates:
  below:
    type: Cloud.AOS.Stack
    properties: {templateId: stacks/ledgr, inputs: {}}
`, `
$ ls stacks/ledger
blueprint.yaml
$ grep templateId blueprint.yaml
    properties: {templateId: stacks/ledger, inputs: {}}
`},
	"DSL227": {`
node_templates:
  member:
    type: Orchestrate.Data
    for_each: [bank, shop]
    renamed_from: org[bank]
`, `
node_templates:
  member:
    type: Orchestrate.Data
    for_each: [bank, shop]
    renamed_from: {bank: "org[bank]"}
`},
	"DSL228": {`
node_templates:
  ledger: {type: Orchestrate.Data}
  chain: {type: Orchestrate.Data, renamed_from: ledger}
`, `
node_templates:
  chain: {type: Orchestrate.Data, renamed_from: ledger}
`},
	"DSL229": {`
node_templates:
  net:
    type: ExternalNode
    retain: true
    properties: {stackName: network, nodeName: net}
`, `
$ grep -A2 net: network/blueprint.yaml
  net:
    type: Cloud.VPC.VPC
    retain: true
`},
	"DSL301": {`
node_templates:
  net:
    type: Cloud.VPC.Vpc
    properties: {name: net, cidr: 10.0.0.0/16}
`, `
node_templates:
  net:
    type: Cloud.VPC.VPC
    properties: {name: net, cidr: 10.0.0.0/16}
`},
	"DSL302": {`
node_templates:
  net:
    type: Cloud.VPC.VPC
    properties: {name: net, cdir: 10.0.0.0/16, cidr: 10.0.0.0/16}
`, `
node_templates:
  net:
    type: Cloud.VPC.VPC
    properties: {name: net, cidr: 10.0.0.0/16}
`},
	"DSL303": {`
node_templates:
  part:
    type: Cloud.VPC.Subnet
    properties: {name: part, cidr: 10.0.1.0/24, gateway: 10.0.1.1}
`, `
node_templates:
  net:
    type: Cloud.VPC.VPC
    properties: {name: net, cidr: 10.0.0.0/16}
  part:
    type: Cloud.VPC.Subnet
    properties: {name: part, cidr: 10.0.1.0/24, gateway: 10.0.1.1, vpcId: {get_reference: net}}
`},
	"DSL304": {`
node_templates:
  net:
    type: Cloud.VPC.VPC
    properties: {name: 12, cidr: 10.0.0.0/16}
`, `
node_templates:
  net:
    type: Cloud.VPC.VPC
    properties: {name: "12", cidr: 10.0.0.0/16}
`},
	"DSL305": {`
node_templates:
  net:
    type: Cloud.VPC.VPC
    properties: {name: net, cidr: everything}
`, `
node_templates:
  net:
    type: Cloud.VPC.VPC
    properties: {name: net, cidr: 10.0.0.0/16}
`},
	"DSL306": {`
outputs:
  third: {value: {select: [2, [a, b]]}}
`, `
outputs:
  second: {value: {select: [1, [a, b]]}}
`},
	"DSL307": {`
node_templates:
  net:
    type: Cloud.VPC.VPC
    properties: {cidr: 10.1.0.0/16}
  part:
    type: Cloud.VPC.Subnet
    properties: {vpcId: {get_reference: net}, cidr: 10.1.2.0/24, gateway: 10.1.3.1}
`, `
node_templates:
  net:
    type: Cloud.VPC.VPC
    properties: {cidr: 10.1.0.0/16}
  part:
    type: Cloud.VPC.Subnet
    properties: {vpcId: {get_reference: net}, cidr: 10.1.2.0/24, gateway: 10.1.2.1}
`},
	"DSL308": {`
node_templates:
  trade:
    type: Cloud.HBS.Contract
    properties:
      instanceId: 50ca216f-f0e5-4a05-9aee-de8d8f0fb6fa
      name: trade
      version: "1.0"
      type: go
      installOrgs: [exchange]
      endorseOrgs: [exchange]
      file: ../trade.zip
`, `
node_templates:
  trade:
    type: Cloud.HBS.Contract
    properties:
      instanceId: 50ca216f-f0e5-4a05-9aee-de8d8f0fb6fa
      name: trade
      version: "1.0"
      type: go
      installOrgs: [exchange]
      endorseOrgs: [exchange]
      file: contracts/trade.zip
`},
	"DSL401": {`
inputs:
  size: {type: integer}
`, `
inputs:
  size: {type: integer, default: 1}
`},
	"DSL402": {`
$ orchestrate plan --input siez=3
`, `
$ orchestrate plan --input size=3
`},
	"DSL403": {`
$ orchestrate plan --input size=three
`, `
$ orchestrate plan --input size=3
`},
	"DSL404": {`
$ orchestrate plan --input size=9
`, `
$ orchestrate plan --input size=3
`},
	"DSL405": {`
inputs:
  size: {type: int, default: 1}
`, `
inputs:
  size: {type: integer, default: 1}
`},
	"DSL406": {`
inputs:
  size: {type: integer, default: 1, constraints: {range: [1, 5]}}
`, `
inputs:
  size: {type: integer, default: 1, constraints: {in_range: [1, 5]}}
`},
	"DSL407": {`
inputs:
  size: {type: integer, default: 9, constraints: {in_range: [1, 5]}}
`, `
inputs:
  size: {type: integer, default: 4, constraints: {in_range: [1, 5]}}
`},
	"DSL408": {`
$ cat inputs.yaml
- size: 3
`, `
$ cat inputs.yaml
size: 3
`},
	"DSL409": {`
inputs:
  ledger-password: {type: password, default: not-secret-any-more}
`, `
$ orchestrate apply --input-file ledger-password=/run/secrets/ledger
inputs:
  ledger-password: {type: password}
`},
	"EXEC001": {`
$ orchestrate apply
`, `
$ orchestrate executions
$ orchestrate apply
`},
	"EXEC002": {`
$ orchestrate plan --input networks=6
`, `
$ orchestrate plan --input networks=5
`},
	"EXEC003": {`
$ orchestrate apply --input name=shared
`, `
$ orchestrate import network 3f1b7c1e-5c0a-4f6e-9d0e-2a6f0d1c9b11
$ orchestrate apply --input name=shared
`},
	"EXEC004": {`
$ orchestrate plan --input flavor=s99.huge
`, `
$ orchestrate plan --input flavor=s6.large.2
`},
	"EXEC005": {`
$ orchestrate apply --stack sales
`, `
$ orchestrate apply --stack sales --timeout 3h
`},
	"EXEC006": {`
$ orchestrate plan --out change.plan
`, `
$ orchestrate plan --out change.plan --refresh=false
`},
	"EXEC007": {`
$ orchestrate retry --stack web
`, `
$ orchestrate retry --stack web --adopt gate=4f0d1c2e-8a61-4c6f-9a3b-0b7f3f6d2c11
`},
	"PLAN001": {`
$ orchestrate delete --stack consortium
`, `
$ orchestrate delete --stack consortium --allow-data-loss ledger
`},
	"PLAN002": {`
$ orchestrate apply --input version=2.2
`, `
$ orchestrate apply --input version=2.2 --replace ledger
`},
	"PLAN003": {`
$ orchestrate plan --out change.plan
$ orchestrate apply --input size=4
$ orchestrate apply change.plan
`, `
$ orchestrate plan --out change.plan
$ orchestrate apply change.plan
`},
	"PLAN004": {`
$ orchestrate apply
`, `
$ orchestrate apply additions.yaml
$ orchestrate apply blueprint.yaml
`},
	"PLAN005": {`
$ orchestrate apply old.plan
`, `
$ orchestrate plan --out new.plan
$ orchestrate apply new.plan
`},
	"PLAN006": {`
$ orchestrate plan --replace ledgr
`, `
$ orchestrate plan --replace ledger
`},
	"PLAN007": {`
$ orchestrate delete --stack consortium --allow-data-loss ledgr
`, `
$ orchestrate delete --stack consortium --allow-data-loss ledger
`},
	"PLAN008": {`
$ orchestrate elements
chain   Cloud.BCS.Instance
ledger  Cloud.BCS.Instance
$ grep -B2 renamed_from blueprint.yaml
  ledger:
    type: Cloud.BCS.Instance
    renamed_from: chain
`, `
$ grep -A1 ledger: blueprint.yaml
  ledger:
    type: Cloud.BCS.Instance
`},
	"PLAN009": {`
$ orchestrate apply --target network --replace ledger
`, `
$ orchestrate apply --target network --target ledger --replace ledger
`},
	"PLAN010": {`
$ orchestrate delete --stack consortium --retain trade
`, `
$ orchestrate delete --stack consortium --retain trade --retain ledger
`},
	"PLAN011": {`
$ orchestrate rollback --to 3
`, `
$ orchestrate apply without-the-new-node.yaml
$ orchestrate rollback --to 3
`},
	"PLAN012": {`
$ orchestrate apply --on-failure rollback
`, `
$ orchestrate apply with-the-old-node.yaml
`},
	"PLAN013": {`
$ orchestrate rollback --to 3 --refresh=false
`, `
$ orchestrate rollback --to 3
`},
	"PLAN014": {`
$ orchestrate rollback --skip subnet
`, `
$ orchestrate rollback --skip subnet,network
`},
	"UPG001": {`
$ git diff blueprint.yaml
   web:
-    type: Cloud.ECS.CloudServer
+    type: Cloud.VPC.EIP
$ orchestrate plan --strict-aos
`, `
$ orchestrate plan
`},
	"UPG002": {`
$ git diff blueprint.yaml
   job:
     requirements:
+      - dependency: {node: store}
$ orchestrate plan --strict-aos
`, `
$ orchestrate plan
`},
	"UPG003": {`
$ git diff blueprint.yaml
   net:
     properties:
-      cidr: 10.0.0.0/16
+      cidr: 10.1.0.0/16
$ orchestrate plan --strict-aos
`, `
$ git restore blueprint.yaml
$ orchestrate plan --strict-aos
`},
	"UPG004": {`
$ git diff blueprint.yaml
-  store: {type: Cloud.CCE.ConfigMap}
   job:
     requirements:
-      - dependency: {node: store}
$ orchestrate plan --strict-aos
`, `
$ git diff blueprint.yaml
-  store: {type: Cloud.CCE.ConfigMap}
-  job: {type: Cloud.CCE.Deployment}
$ orchestrate plan --strict-aos
`},
	"UPG005": {`
$ git diff blueprint.yaml
-  net: {type: Cloud.VPC.VPC}
$ orchestrate plan --strict-aos
`, `
$ orchestrate plan
`},
	"UPG006": {`
$ git diff blueprint.yaml
-tosca_definitions_version: huaweicloud_tosca_version_1_0
+tosca_definitions_version: cloud_tosca_version_1_0
$ orchestrate plan --strict-aos
`, `
$ orchestrate plan
`},
	"UPG007": {`
$ git diff blueprint.yaml
+  net: {type: Cloud.VPC.VPC}
$ orchestrate plan --strict-aos
`, `
$ orchestrate plan
`},
	"UPG008": {`
$ git diff blueprint.yaml
+  web:
+    type: Cloud.ECS.CloudServer
+    properties: {vpcId: {get_reference: net}}
$ orchestrate plan --strict-aos
`, `
$ orchestrate plan
`},
	"UPG009": {`
$ orchestrate apply
$ orchestrate plan --strict-aos
`, `
$ orchestrate apply
$ orchestrate plan
`},
	"UPG010": {`
$ orchestrate plan --strict-aos --input command=other
`, `
$ orchestrate plan --input command=other
`},
	"UPG011": {`
$ grep -A2 region: blueprint.yaml
  region:
    type: string
    immutable: true
$ orchestrate plan --input region=other
`, `
$ orchestrate inputs
region = "first"
$ orchestrate plan --input region=first
`},
}

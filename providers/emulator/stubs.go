package emulator

func vpcService() *service { return &service{name: "vpc", owns: func([]string) bool { return false }} }
func ecsService() *service { return &service{name: "ecs", owns: func([]string) bool { return false }} }
func eipService() *service { return &service{name: "eip", owns: func([]string) bool { return false }} }
func iamService() *service { return &service{name: "iam", owns: func([]string) bool { return false }} }

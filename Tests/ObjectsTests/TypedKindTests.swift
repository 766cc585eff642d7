import Testing

@testable import Objects

struct TypedKindTests {
    @Test func `a machine is read by its fields`() throws {
        let machine = VirtualMachine(try Examples.object(.virtualMachine))
        #expect(machine.problems == [])
        let spec = machine.spec
        #expect(spec.providerRef.key(of: .provider, in: "default") == ObjectKey(.provider, "default", "local"))
        #expect(spec.imageRef?.name == "debian" && spec.powerState == .off && spec.cpu == nil && spec.gracefulShutdownTimeoutSeconds == 60)
        #expect(spec.networks.first?.nameServers == ["192.0.2.1", "2001:db8::1"] && spec.networks.first?.prefix == 24)
        #expect(spec.disks?.map(\.sizeGiB) == [10] && spec.userData?.cloudInit?.inline == "packages: []\n")
        #expect(machine.status.id == nil && machine.status.phase == nil && machine.status.ips == [])
    }

    @Test func `an object that does not fit is read all the same`() throws {
        let machine = VirtualMachine(
            try Examples.object(
                .virtualMachine, #"{"spec":{"disks":[7,{"name":1}],"powerState":"Sideways","tags":["a",1],"networks":"x"},"status":[]}"#))
        #expect(machine.spec.powerState == .on && machine.spec.tags == ["a"] && machine.spec.networks == [])
        #expect(machine.spec.disks?.map(\.sizeGiB) == [0] && machine.spec.providerRef.name == "" && machine.status.phase == nil)
        #expect(machine.problems.count > 5)
    }

    @Test func `writing a status leaves what is not known as it is`() throws {
        var machine = VirtualMachine(try Examples.object(.virtualMachine))
        machine.object.status = [
            "theirs": ["a": 1], "phase": "Sideways", "conditions": [["type": "Theirs", "status": "True", "extra": 7]],
        ]
        #expect(machine.status.phase == nil)
        var status = machine.status
        status.id = "12"
        status.phase = .running
        status.currentResources.cpu = 2
        status.conditions.set(
            ConditionType.ready.rawValue, .isTrue, reason: "ReconcileSuccess", message: "", observedGeneration: 3, now: "2026-11-23T03:04:05Z")
        machine.status = status
        #expect(
            machine.object.status == [
                "theirs": ["a": 1], "phase": "Running", "id": "12", "currentResources": ["cpu": 2],
                "conditions": [
                    ["type": "Theirs", "status": "True", "extra": 7],
                    [
                        "type": "Ready", "status": "True", "reason": "ReconcileSuccess", "message": "ReconcileSuccess",
                        "observedGeneration": 3,
                        "lastTransitionTime": "2026-11-23T03:04:05Z",
                    ],
                ],
            ])
        status.id = nil
        status.currentResources.cpu = nil
        #expect(status.value["id"] == nil && status.value["currentResources"] == nil)
    }

    @Test func `false and 0 stay what they are`() throws {
        let image = VMImage(try Examples.object(.vmImage, "spec.prepare", #"{"validateChecksum":false,"retries":0}"#))
        #expect(!image.spec.prepare.validatesChecksum && image.spec.prepare.retries == 0 && image.spec.prepare.onMissing == .import)
        let provider = Provider(try Examples.object(.provider, "spec.healthCheck", #"{"enabled":false}"#))
        #expect(!provider.spec.healthCheck.isEnabled && provider.spec.healthCheck.intervalSeconds == 30)
        let snapshot = VMSnapshot(try Examples.object(.vmSnapshot, "spec.retentionPolicy", #"{"deleteOnVMDelete":false,"maxAge":"0"}"#))
        #expect(!snapshot.spec.retention.deletesWithVM && snapshot.spec.retention.maxAgeSeconds == 0)
        let set = VMSet(try Examples.object(.vmSet, "spec.replicas", "0"))
        #expect(set.spec.replicas == 0)
        let vmClass = VMClass(try Examples.object(.vmClass, "spec.performanceProfile", #"{"cpuHotAddEnabled":false}"#))
        #expect(vmClass.spec.performanceProfile?.cpuHotAddEnabled == false && vmClass.spec.performanceProfile?.memoryHotAddEnabled == nil)
    }

    @Test func `kinds are read by their fields`() throws {
        let vmClass = VMClass(try Examples.object(.vmClass))
        #expect(vmClass.spec.memoryMiB == 4096 && vmClass.spec.firmware == .uefi && vmClass.spec.securityProfile?.secureBoot == true)
        #expect(vmClass.spec.diskDefaults == nil)
        let image = VMImage(try Examples.object(.vmImage))
        #expect(image.spec.source.names == ["libvirt"] && image.spec.source.libvirt?.url == "https://example.org/debian.qcow2")
        let network = VMNetworkAttachment(try Examples.object(.vmNetworkAttachment))
        #expect(network.spec.libvirt?.networkName == "default" && network.spec.allocation == .dhcp && network.spec.type == "bridged")
        let clone = VMClone(try Examples.object(.vmClone))
        #expect(clone.spec.sourceVM?.name == "web1" && clone.spec.options.type == .linked && clone.spec.options.timeoutSeconds == 5400)
        #expect(clone.spec.sourceName == "vmRef" && clone.spec.target.networks == nil)
        let snapshot = VMSnapshot(try Examples.object(.vmSnapshot))
        #expect(snapshot.spec.schedule?.isEnabled == true && snapshot.spec.retention.maxAgeSeconds == 86_400)
        let provider = Provider(try Examples.object(.provider))
        #expect(provider.fullName == "default/example" && provider.spec.tls == nil && provider.spec.rateLimit.callsPerSecond == 10)
    }

    @Test(arguments: [
        ("null", 4, 1), (#"{"maxUnavailable":0}"#, 4, 1), (#"{"maxUnavailable":2}"#, 4, 2), (#"{"maxUnavailable":"50%"}"#, 5, 2),
        (#"{"maxUnavailable":"100%"}"#, 5, 5), (#"{}"#, 9, 2), (#"{"maxUnavailable":"x"}"#, 9_223_372_036_854_775_807, 250),
    ])
    func `a share of machines is rounded down, and is one at least`(_ update: String, _ replicas: Int, _ most: Int) throws {
        var set = VMSet(try Examples.object(.vmSet, "spec.updateStrategy", #"{"rollingUpdate":\#(update)}"#))
        set.spec.replicas = replicas
        #expect(set.spec.maxUnavailable == most)
    }
}

struct ConditionTests {
    @Test func `the time of a condition changes with its status alone`() {
        var conditions: [Condition] = []
        conditions.set("Ready", .isFalse, reason: "Creating", message: "a", now: "1")
        conditions.set("Ready", .isFalse, reason: "Waiting", message: "b", now: "2")
        #expect(conditions["Ready"]?.lastTransitionTime == "1" && conditions["Ready"]?.reason == "Waiting" && conditions.count == 1)
        #expect(!conditions.isTrue("Ready") && conditions["Ready"]?.observedGeneration == nil)
        conditions.set("Ready", .isTrue, reason: "ReconcileSuccess", message: "", observedGeneration: 2, now: "3")
        #expect(
            conditions["Ready"]?.lastTransitionTime == "3" && conditions.isTrue("Ready") && conditions["Ready"]?.observedGeneration == 2)
        conditions.set("Healthy", .unknown, reason: "x", message: "", now: "4")
        #expect(conditions["Healthy"]?.lastTransitionTime == "4")
        conditions.remove("Ready")
        #expect(conditions.map(\.type) == ["Healthy"])
    }
}

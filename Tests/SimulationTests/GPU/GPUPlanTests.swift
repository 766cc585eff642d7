import JSON
import Primitives
import Testing

@testable import Simulation

/// What is dealt, and how the machine tells of it.
@Suite struct GPUPlanTests {
    @Test(arguments: GPUProfile.allCases) func `cards and tenants are told apart`(profile: GPUProfile) {
        for count in [1, 2, 3, 8, 16] {
            let plan = GPUPlan(seed: 3, profile: profile, count: count)
            #expect(Set(plan.cards.map(\.uuid)).count == count && Set(plan.cards.map(\.bus)).count == count)
            #expect(Set(plan.tenants.map { $0.kind.rawValue + $0.name }).count == plan.tenants.count)
            let pids = plan.cards.flatMap { $0.processes.map(\.pid) }
            #expect(Set(pids).count == pids.count)
            for card in plan.cards {
                #expect(card.processes.reduce(0) { $0 + $1.workShare } <= 1.0001 || !card.instances.isEmpty)
                #expect(card.uuid.count == 40 && card.busID.count == 16 && card.legacyBusID.count == 12)
            }
        }
    }

    @Test func `every role is in a mixed machine`() {
        let roles = GPUPlan(seed: 1, profile: .mixed, count: 8).cards.map(\.role)
        #expect(roles.count { $0 == .serving } == 5 && roles.count { $0 == .instances } == 1 && roles.count { $0 == .shared } == 2)
        #expect(GPUPlan(seed: 1, profile: .mixed, count: 1).cards[0].role == .serving)
        // The first shared card is the one that the Proxmox simulator has.
        #expect(GPUPlan(seed: 1, profile: .mixed, count: 8).cards.first { $0.role == .shared }?.legacyBusID == Passthrough.mappedAddress)
        let servers = GPUPlan(seed: 1, profile: .llm, count: 8)
        #expect(
            servers.tenants.count { $0.kind == .container } == 9 && Set(servers.tenants.map(\.kind)) == [.container, .unit, .lxc, .host])
    }

    @Test func `notebooks share every card`() {
        let plan = GPUPlan(seed: 1, profile: .notebooks, count: 8)
        #expect(plan.cards.allSatisfy { $0.processes.count == 5 && Set($0.processes.map(\.tenant)).count == 5 })
        #expect(plan.tenants.count == 40 && Set(plan.tenants.map(\.kind)) == [.container, .unit])
    }

    @Test(
        arguments: [
            (#"{"call":"nvmlDeviceGetPowerUsage","card":0,"code":999}"#, nil), (#"{"hang":true}"#, nil), (#"{"latency_ms":50}"#, nil),
            (#"{"call":"nvmlDeviceGetMemoryInfo_v2","absent":true}"#, nil), (#"{"call":"nvmlNothing","code":3}"#, "unknown call"),
            (#"{"card":16,"code":3}"#, "card"), (#"{"code":1000}"#, "code"), (#"{"card":1}"#, "nothing is wrong"),
            (#"{"absent":true}"#, "needs a"),
            (#"{"latency_ms":-1}"#, "latency_ms"),
        ] as [(String, String?)]) func `faults are read`(text: String, complaint: String?) throws
    {
        let result: Result<GPUFault, Failure> = try JSONDocument(parsing: Array(text.utf8)).withRoot { root in
            do throws(Failure) { return .success(try GPUFault(root)) } catch { return .failure(error) }
        }
        switch result {
        case .success(let fault):
            var json = JSONWriter()
            fault.write(into: &json)
            #expect(complaint == nil && String(decoding: json.bytes, as: UTF8.self) == text)
        case .failure(let failure): #expect(complaint.map { failure.message.contains($0) } ?? false, "\(failure)")
        }
    }

    @Test func `what a card does not have is not supported`() throws {
        let cards = try cards().state(at: 5).cards
        func code(_ symbol: String, _ card: CardReading) throws -> Int {
            CardSupport(card).codes[try #require(CardSupport.position(of: symbol))].card
        }
        let (server, divided, shared) = (cards[0], cards[5], cards[6])
        #expect(try code("nvmlDeviceGetUtilizationRates", server) == 0 && code("nvmlDeviceGetUtilizationRates", divided) == 3)
        #expect(try code("nvmlDeviceGetActiveVgpus", server) == 3 && code("nvmlDeviceGetActiveVgpus", shared) == 0)
        #expect(try code("nvmlDeviceGetMigMode", server) == 0 && code("nvmlDeviceGetMigMode", shared) == 3)
        #expect(try cards.allSatisfy { try code("nvmlDeviceGetFanSpeed", $0) == 3 })
        let lost = try reading(.gpuLost)
        #expect(CardSupport(lost).codes.allSatisfy { $0.card == 15 && $0.instance == 15 })
        #expect(Set(CardFields(server).values.map(\.id)).isSuperset(of: [82, 197, 198, 138, 230]))
        #expect(Set(CardFields(shared).values.map(\.id)).isDisjoint(with: [82, 197, 198, 138]))
    }

    private func reading(_ scenario: Scenario) throws -> CardReading {
        try cards([Step(after: 0, scenario: scenario)]).state(at: 5).cards[1]
    }

    @Test func `who works on cards is found in the tree`() throws {
        let world = try cards()
        let files = TenantFiles(cards: world, moment: 5).files
        let processes = TenantFiles.processes(of: world, at: 5)
        for card in world.state(at: 5).cards {
            for process in card.processes {
                let found = try #require(processes.first { $0.pid == process.pid })
                #expect(found.cgroup == process.tenant.cgroup)
                #expect(files["sys/fs/cgroup\(found.cgroup)/cgroup.procs"]?.contains("\(process.pid)\n") == true)
            }
            for vgpu in card.vgpus {
                #expect(files["etc/pve/qemu-server/\(vgpu.vmid).conf"]?.contains("smbios1: uuid=\(vgpu.vmUUID)\n") == true)
            }
        }
        #expect(files["etc/pve/lxc/9001.conf"]?.contains("hostname: jupyter\n") == true)
    }
}

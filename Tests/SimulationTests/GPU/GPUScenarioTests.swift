import Testing

@testable import Simulation

/// What each scenario does to cards.
@Suite struct GPUScenarioTests {
    private func victim(_ scenario: Scenario, after seconds: Double = 120) throws -> CardReading {
        try cards([Step(after: 600, scenario: scenario)]).state(at: 600 + seconds).cards[1]
    }

    @Test func `saturated cards work as much as they can`() throws {
        for card in try cards([Step(after: 0, scenario: .gpuSaturated)]).state(at: 60).cards {
            #expect(card.processorsPercent == 99 && card.reasons == 0x4)
        }
    }

    @Test func `a card without air heats up until it slows down`() throws {
        let calm = try cards().state(at: 720).cards[1]
        let (warming, hot) = (try victim(.gpuHot, after: 30), try victim(.gpuHot))
        #expect(warming.celsius > calm.celsius + 10 && warming.reasons == 0)
        #expect(hot.celsius > hot.plan.make.slowdownLimit && hot.celsius < hot.plan.make.shutdownLimit)
        #expect(hot.reasons == 0x8 | 0x20 | 0x40 && hot.clocks.processors < calm.clocks.processors * 2 / 3)
        #expect(abs(Double(hot.heldNanoseconds.hardware) / 1e9 - 75) < 0.01)
        // The others have their air.
        let others = try cards([Step(after: 600, scenario: .gpuHot)]).state(at: 720).cards
        #expect(others[0].celsius == (try cards().state(at: 720).cards[0].celsius))
    }

    @Test func `held back by power`() throws {
        let card = try victim(.gpuThrottled)
        #expect(card.reasons == 0x4 | 0x8 | 0x80 && abs(Double(card.heldNanoseconds.powerBrake) / 1e9 - 120) < 0.01)
        #expect(card.powerMilliwatts < 500_000 && card.processorsPercent == 99)
    }

    @Test func `lost, in want of a reset, removed`() throws {
        #expect(try victim(.gpuLost).condition == .lost)
        #expect(try victim(.gpuResetRequired).condition == .resetRequired)
        let left = try cards([Step(after: 0, scenario: .gpuRemoved)]).state(at: 5).cards
        #expect(left.count == 7 && left.map(\.plan.index) == Array(0..<7))
        #expect(try cards([Step(after: 0, scenario: .gpuRemoved)], count: 1).state(at: 5).cards.count == 1)
        #expect(try cards([Step(after: 0, scenario: .gpuDriverMismatch)]).state(at: 5).driverCode == 18)
        #expect(try victim(.gpuHang).hangs)
    }

    @Test func `messages of the driver`() throws {
        func xids(_ scenario: Scenario, after seconds: Double) throws -> [Int] {
            try cards([Step(after: 600, scenario: scenario)]).state(at: 600 + seconds).events.map(\.xid)
        }
        #expect(try xids(.gpuLost, after: 0) == [79] && xids(.gpuLost, after: 121).isEmpty)
        #expect(try xids(.gpuECC, after: 1) == [48, 63])
        #expect(try xids(.gpuXID, after: 59) == [74] && xids(.gpuXID, after: 61) == [74, 74] && xids(.gpuXID, after: 100_000).count == 2)
        #expect(try cards().state(at: 700).events.isEmpty)
    }

    @Test func `errors of memory stay when it is over`() throws {
        let world = try cards([Step(after: 600, scenario: .gpuECC), Step(after: 660, scenario: .normal)])
        let (during, later) = (world.state(at: 630).cards[1], world.state(at: 4000).cards[1])
        #expect(during.uncorrectedErrors == 4 && later.uncorrectedErrors == 7 && later.isRemapPending)
        #expect(during.recoveryAction == 1 && later.recoveryAction == 0)
    }

    @Test func `a full memory`() throws {
        let card = try cards([Step(after: 0, scenario: .gpuMemoryFull)]).state(at: 5).cards[0]
        #expect(card.freeBytes < 128 << 20 && card.freeBytes >= 0)
    }

    @Test func `virtual machines have parts of cards`() throws {
        let world = try cards([], .vgpu, count: 2)
        let vgpus = world.state(at: 10).cards.map(\.vgpus)
        #expect(vgpus.map(\.count) == [4, 1])
        for vgpu in vgpus.joined() {
            let guest = try #require(world.world.inventory.guest(vmid: vgpu.vmid))
            let configuration = try #require(try Tree(answers(world.world, after: 10).qemuConfiguration(guest))["data"])
            #expect(configuration["smbios1"] == .string("uuid=\(vgpu.vmUUID)") && configuration["name"] == .string(vgpu.vmName))
            #expect(configuration["hostpci0"] == .string("mapping=gpu-a,mdev=nvidia-63"))
            #expect(vgpu.mdevUUID == "00000000-0000-0000-0000-000000000\(vgpu.vmid)")
        }
        // One has no driver, so nothing is measured of it, and it has no licence.
        let idle = try #require(vgpus.joined().first { !$0.isActive })
        #expect(idle.guestDriver == "Not Available" && idle.processors == 0 && idle.licenseState == 1)
        #expect(vgpus.joined().count(where: \.isActive) == 4)
        let unlicensed = try cards([Step(after: 0, scenario: .vgpuUnlicensed)], .vgpu).state(at: 10).cards[0].vgpus
        #expect(unlicensed[0].licenseState == 4 && !unlicensed[0].isLicensed && unlicensed[1].isLicensed)
    }

    @Test func `a virtual machine that stops gives its part back`() throws {
        var timeline = try timeline([])
        let dealt = try cards([], .vgpu)
        let first = try #require(dealt.state(at: 10).cards[0].vgpus.first)
        var order = GuestOrder()
        order.isRunning = false
        try timeline.add(order, of: first.vmid, at: epoch + 100)
        order.isRunning = true
        try timeline.add(order, of: first.vmid, at: epoch + 200)
        let world = GPUWorld(plan: dealt.plan, world: World(seed: 7, nodeCount: 4, guestCount: 100, timeline: timeline))
        let (before, away, after) = (world.state(at: 99).cards[0], world.state(at: 150).cards[0], world.state(at: 250).cards[0])
        #expect(!away.vgpus.contains { $0.vmid == first.vmid } && away.vgpus.count == before.vgpus.count - 1)
        #expect(away.powerMilliwatts < before.powerMilliwatts && away.usedBytes < before.usedBytes)
        let again = try #require(after.vgpus.first { $0.vmid == first.vmid })
        #expect(again.uuid == first.uuid && again.id != before.vgpus.first { $0.vmid == first.vmid }?.id)
    }
}

import Primitives
import Testing

@testable import Simulation

/// Cards of a world in which steps happened.
func cards(_ steps: [Step] = [], _ profile: GPUProfile = .mixed, count: Int = 8) throws -> GPUWorld {
    GPUWorld(plan: GPUPlan(seed: 7, profile: profile, count: count), world: try world(steps))
}

/// What holds of cards at any moment, whatever happens.
@Suite struct GPUWorldTests {
    private static let scenarios = Scenario.allCases.filter { $0.rawValue.contains("gpu") } + [.normal]

    private static func steps(_ scenario: Scenario) -> [Step] {
        [Step(after: 600, scenario: scenario), Step(after: 1500, scenario: .normal)]
    }

    @Test(arguments: GPUProfile.allCases) func `energy is the integral of power`(profile: GPUProfile) throws {
        // Saturated cards begin and end with a step, which the sum must meet.
        let world = try cards(Self.steps(.gpuSaturated), profile)
        for card in world.plan.cards {
            let load = world.load(of: card)
            for (start, end) in [(0.0, 300.0), (580, 620), (1490, 1510), (400, 2000)] {
                let step = (end - start) / 2000
                var sum = 0.0
                var moment = start + step / 2
                while moment < end {
                    sum += load.power(at: moment) * step
                    moment += step
                }
                let energy = load.energy(from: start, to: end)
                #expect(abs(sum - energy) < energy * 0.002, "\(card.index) from \(start) to \(end): \(sum) \(energy)")
            }
        }
    }

    @Test(arguments: scenarios) func `nothing is more than there is`(scenario: Scenario) throws {
        for profile in GPUProfile.allCases {
            let world = try cards(Self.steps(scenario), profile)
            for moment in [1.0, 601, 700, 1400, 1501, 5000] {
                for card in world.state(at: moment).cards {
                    let make = card.plan.make
                    #expect(card.usedBytes + card.freeBytes + make.reservedBytes == make.memoryBytes && card.freeBytes >= 0)
                    #expect(card.processes.reduce(0) { $0 + $1.memoryBytes } < card.usedBytes || card.processes.isEmpty)
                    #expect((0...100).contains(card.processorsPercent))
                    #expect(card.processes.reduce(0) { $0 + $1.processors } <= card.processorsPercent)
                    #expect(card.vgpus.reduce(0) { $0 + $1.processors } <= card.processorsPercent)
                    #expect(card.vgpus.count <= GPUState.vgpusPerCard)
                    for vgpu in card.vgpus { #expect((0...GPUState.vgpuFramebufferBytes).contains(vgpu.framebufferUsedBytes)) }
                    #expect(card.instances.allSatisfy { $0.usedBytes <= $0.totalBytes })
                    #expect(
                        card.instances.reduce(0) { $0 + $1.plan.slices } <= 7 && card.instances.reduce(0) { $0 + $1.plan.memorySlices } <= 8
                    )
                    #expect(card.instances.flatMap(\.activity).allSatisfy { (0...100).contains($0.percent) })
                    #expect(card.powerMilliwatts >= Int(make.idlePower * 1000) - 1 && card.powerMilliwatts <= Int(make.powerLimit * 1000))
                    #expect((20..<make.shutdownLimit).contains(card.celsius))
                    #expect(card.clocks.processors <= make.clocks.processors && card.clocks.processors > 0)
                }
            }
        }
    }

    @Test(arguments: scenarios) func `counters never go back`(scenario: Scenario) throws {
        func counters(_ card: CardReading) -> [Int] {
            let held = card.heldNanoseconds
            return [
                card.energyMillijoules, held.powerCap, held.software, held.hardware, held.powerBrake, card.correctedErrors,
                card.uncorrectedErrors,
                card.sentBytes, card.receivedBytes, card.linkKibibytes, card.linkReplays, card.remappedUncorrectable,
            ] + card.instances.flatMap { $0.activity.map { Int($0.area) } }
        }
        let world = try cards(Self.steps(scenario))
        var last: [Int: [Int]] = [:]
        for moment in stride(from: 550.0, through: 1600, by: 12.7) {
            for card in world.state(at: moment).cards {
                let now = counters(card)
                if let before = last[card.plan.index] {
                    #expect(zip(before, now).allSatisfy { $0 <= $1 }, "\(scenario) at \(moment): \(before) \(now)")
                }
                last[card.plan.index] = now
            }
        }
    }

    @Test func `two processes tell one story`() throws {
        let steps = Self.steps(.gpuHot)
        #expect(try cards(steps).state(at: 912.5).json() == cards(steps).state(at: 912.5).json())
        #expect(try cards(steps).state(at: 912.5).json() != cards(steps).state(at: 912.6).json())
    }

    @Test func `temperature follows power with a lag`() throws {
        let world = try cards([Step(after: 600, scenario: .gpuSaturated)], .llm)
        func celsius(_ moment: Double) -> Int { world.state(at: moment).cards[7].celsius }
        let (before, soon, later, last) = (celsius(599), celsius(605), celsius(660), celsius(1200))
        #expect(soon <= before + 3 && later > soon && last > later)
        let make = CardClass.h200
        // Where it ends: what the card's whole power makes of it.
        let power = make.idlePower + (make.powerLimit - make.idlePower) * 0.985
        #expect(abs(Double(last) - make.coldest - make.degreesPerWatt * power) < 1)
    }

    @Test func `the work of cards follows their power`() throws {
        for card in try cards().state(at: 100).cards where card.condition == .well {
            let share =
                (Double(card.powerMilliwatts) / 1000 - card.plan.make.idlePower) / (card.plan.make.powerLimit - card.plan.make.idlePower)
            #expect(share >= -0.001 && (card.processorsPercent == 0) == (share < 0.02))
        }
    }
}

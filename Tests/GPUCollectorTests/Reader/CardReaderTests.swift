import Testing

@testable import GPUCollector

@Suite struct CardReaderTests {
    @Test func `a card says everything, in base units`() throws {
        let bench = Bench()
        let sample = try #require(bench.reader.read())
        #expect(sample.condition == .ok)
        #expect(
            sample.identity
                == CardIdentity(
                    uuid: "GPU-1", index: 0, name: "NVIDIA H200", busID: "00000000:18:00.0", minorNumber: 3, virtualizationMode: "none",
                    architecture: "hopper"))
        let expected: [Fact: Double] = [
            .utilization: 0.73, .memoryUtilization: 0.41, .memoryTotal: 150_754_820_096, .memoryReserved: 640_000_000,
            .memoryFree: 50_000_000_000, .memoryUsed: 100_114_820_096, .encoder: 0.05, .decoder: 0.06, .jpeg: 0.07, .ofa: 0.08,
            .encoderSessions: 2, .power: 412.345, .powerLimit(.enforced): 700, .powerLimit(.min): 200, .powerLimit(.max): 700,
            .energy: 987_654.321, .temperature: 61, .temperatureLimit(.shutdown): 90, .fan: 0.35, .clock(.sm): 1.98e9,
            .clockMax(.video): 1.98e9, .throttle(.powerCap): 1, .throttle(.idle): 0, .performanceState: 2, .eccMode: 1,
            .ecc(.uncorrected, .aggregate, .dram): 1, .ecc(.uncorrected, .aggregate, .other): 2, .retiredSingleBit: 29_000,
            .held(.powerCap): 74e-6, .held(.hardwareThermal): 270e-6, .memoryTemperature: 82_000, .remapFailed: 145_000,
            .pcieTransmitted: 197_000, .pcieReplays: 94_000, .recoveryAction: 230_000, .nvlinkTransmitted: 138_000 * 1024,
            .nvlinkErrors(.crcData): 45_000, .nvlinkActive: 18, .pcieGeneration: 5, .pcieWidthMax: 16, .migEnabled: 0,
            .computeProcesses: 2, .graphicsProcesses: 2,
        ]
        for (fact, value) in expected {
            let found = try #require(sample.facts[fact], "\(fact.name)")
            #expect(abs(found - value) <= abs(value) * 1e-12, "\(fact.name)")
        }
        // Older forms of what is there in a newer one.
        for fact in [Fact.held(.thermal), .pcieTransmitRate, .pcieReceiveRate] { #expect(sample.facts[fact] == nil) }
    }

    @Test func `processes of both lists are one, and who has done nothing has used nothing`() throws {
        let sample = try #require(Bench().reader.read())
        #expect(
            sample.processes == [
                ProcessSample(pid: 101, isCompute: true, memoryBytes: Double(4 << 30), utilization: 0.6),
                ProcessSample(pid: 102, isCompute: true, isGraphics: true, memoryBytes: Double(2 << 30), utilization: 0),
                ProcessSample(pid: 103, isGraphics: true, memoryBytes: Double(1 << 20), utilization: 0),
            ])
    }

    @Test func `memory of a process that is not known is not zero`() throws {
        let bench = Bench { state in
            state.compute = [
                .init(pid: 1, memory: .max), .init(pid: 2, memory: 5, gpuInstance: 1), .init(pid: 2, memory: 6, gpuInstance: 2),
                .init(pid: 3, memory: 5, gpuInstance: 1), .init(pid: 3, memory: .max, gpuInstance: 2),
            ]
            state.graphics = []
            state.codes[.processUtilization] = .notSupported
        }
        let processes = try #require(bench.reader.read()?.processes)
        #expect(processes.map(\.memoryBytes) == [nil, 11, nil])
        #expect(processes.allSatisfy { $0.utilization == nil })
    }

    @Test func `what processes did is forgotten when they do nothing more`() throws {
        let bench = Bench()
        #expect(bench.reader.read()?.processes?.first?.utilization == 0.6)
        bench.clock.advance(seconds: 5)
        #expect(bench.reader.read()?.processes?.first?.utilization == 0.6)
        bench.clock.advance(seconds: 5)
        #expect(bench.reader.read()?.processes?.first?.utilization == 0)
    }

    @Test func `a list that cannot be read is not an empty one`() throws {
        let bench = Bench { state in
            state.codes[.computeProcesses] = .unknown
            state.codes[.graphicsProcesses] = .noPermission
        }
        let sample = try #require(bench.reader.read())
        #expect(sample.processes == nil)
        #expect(sample.facts[.computeProcesses] == nil)
    }

    @Test func `what a card does not have is asked for again after an hour`() throws {
        let bench = Bench { state in
            state.codes[.fanSpeed] = .notSupported
            state.codes[.power] = .unknown
        }
        for _ in 0..<5 { #expect(bench.reader.read()?.facts[.fan] == nil) }
        #expect(bench.nvml.asked(.fanSpeed) == 1)
        #expect(bench.nvml.asked(.power) == 5)
        bench.nvml.set { $0.codes = [:] }
        #expect(bench.reader.read()?.facts[.fan] == nil)
        #expect(bench.reader.read()?.facts[.power] == 412.345)
        bench.clock.advance(seconds: 3601)
        #expect(bench.reader.read()?.facts[.fan] == 0.35)
        #expect(bench.ledger.counts["nvmlDeviceGetFanSpeed 3"] == 1)
    }

    @Test func `what changes seldom is asked for seldom`() throws {
        let bench = Bench()
        for _ in 0..<7 {
            #expect(bench.reader.read()?.facts[.powerLimit(.enforced)] == 700)
            bench.clock.advance(seconds: 5)
        }
        #expect(bench.nvml.asked(.powerLimitEnforced) == 2)
        #expect(bench.nvml.asked(.power) == 7)
    }

    @Test func `older drivers are asked as they want it`() throws {
        let bench = Bench { state in
            for call in [NVMLCall.memory, .temperature, .eventReasons] { state.codes[call] = .functionNotFound }
            for field: UInt32 in [197, 198, 94, 269, 270, 271] { state.fieldCodes[field] = .invalidArgument }
        }
        let facts = try #require(bench.reader.read()?.facts)
        #expect(facts[.memoryUsed] == 100_754_820_096)
        #expect(facts[.memoryReserved] == nil)
        #expect(facts[.temperature] == 61)
        #expect(facts[.throttle(.powerCap)] == 1)
        #expect(abs((facts[.held(.thermal)] ?? 0) - 75e-6) < 1e-12)
        #expect(facts[.pcieTransmitRate] == 77_000)
        #expect(facts[.pcieReplays] == 3)
    }

    @Test func `rest of ECC's total never falls while both are read`() throws {
        let bench = Bench { $0.numbers[.eccTotal] = [3, 0, 0, 0] }
        // The parts are more than the total that was read before them.
        #expect(bench.reader.read()?.facts[.ecc(.corrected, .volatile, .other)] == 0)
        bench.nvml.set { $0.codes[.eccAt] = .notSupported }
        let other = Bench { state in
            state.numbers[.eccTotal] = [3, 0, 0, 0]
            state.codes[.eccAt] = .notSupported
        }
        #expect(other.reader.read()?.facts[.ecc(.corrected, .volatile, .other)] == 3)
    }

    // MARK: MIG and vGPUs

    @Test func `a GPU instance is measured between two samples a second apart`() throws {
        let bench = Bench.mig()
        let first = try #require(bench.reader.read()?.migs.first)
        #expect(first.profile == "1g.18gb")
        #expect(first.uuid == "MIG-1")
        #expect(first.gpuInstance == 2)
        #expect(first.memoryTotal == 150_754_820_096)
        #expect(first.activity.isEmpty)
        bench.clock.advance(seconds: 0.5)
        #expect(bench.reader.read()?.migs.first?.activity.isEmpty == true)
        bench.clock.advance(seconds: 0.6)
        #expect(bench.reader.read()?.migs.first?.activity == ["graphics": 0.02, "sm": 0.04, "tensor": 0.1, "dram": 0.2])
        #expect(bench.nvml.asked(.gpmSampleNew) == 2)
        bench.nvml.set { $0.hasMIG = false }
        bench.clock.advance(seconds: 60)
        #expect(bench.reader.read()?.migs.isEmpty == true)
        #expect(bench.nvml.asked(.gpmSampleFree) == 2)
    }

    @Test func `a vGPU says whose it is and what it does`() throws {
        let bench = Bench.vgpu()
        let sample = try #require(bench.reader.read())
        #expect(
            sample.vgpus == [
                VGPUSample(
                    uuid: "vgpu-1", type: "NVIDIA L40S-8Q", vm: "0A0A0A0A-1111-2222-3333-444444444444", isVMUUID: true,
                    mdevUUID: "00000000-0000-0000-0000-000000000101", guestDriver: "570.1", license: "licensed", smUtilization: 0.4,
                    memoryUtilization: 0.2, encoderUtilization: 0.03, decoderUtilization: 0.02, framebufferUsed: Double(1 << 30),
                    framebufferTotal: Double(8 << 30), frameRateLimit: 60)
            ])
        #expect(sample.vgpuInstancesMax == ["NVIDIA L40S-8Q": 6])
        bench.clock.advance(seconds: 5)
        // Nothing new: what was known holds, for a minute.
        #expect(bench.reader.read()?.vgpus?.first?.smUtilization == 0.4)
        bench.clock.advance(seconds: 56)
        #expect(bench.reader.read()?.vgpus?.first?.smUtilization == nil)
        bench.nvml.set { $0.vgpus = [] }
        #expect(bench.reader.read()?.vgpus?.isEmpty == true)
        #expect(Bench().reader.read()?.vgpus == nil)
    }

    // MARK: what changes, errs or comes later

    @Test(arguments: [NVMLCall.name, .pciInfo, .minorNumber, .architecture, .virtualizationMode])
    func `what a card is is asked for until it is known`(_ call: NVMLCall) throws {
        let bench = Bench { $0.codes[call] = .unknown }
        _ = bench.reader.read()
        bench.nvml.set { $0.codes = [:] }
        let identity = try #require(bench.reader.read()?.identity)
        #expect(identity.name == "NVIDIA H200" && identity.busID == "00000000:18:00.0" && identity.minorNumber == 3)
        #expect(identity.architecture == "hopper" && identity.virtualizationMode == "none")
        _ = bench.reader.read()
        #expect(bench.nvml.asked(call) == 2)
    }

    @Test func `a card that is divided has other things`() throws {
        let bench = Bench { $0.codes[.utilization] = .notSupported }
        #expect(bench.reader.read()?.facts[.utilization] == nil)
        bench.nvml.set { state in
            state.codes = [:]
            state.hasMIG = true
        }
        bench.clock.advance(seconds: 31)
        #expect(bench.reader.read()?.facts[.utilization] == 0.73)
    }

    @Test func `what is not there at the moment is asked for again after ten minutes`() throws {
        let bench = Bench { $0.codes[.utilization] = .noData }
        #expect(bench.reader.read()?.facts[.utilization] == nil)
        bench.nvml.set { $0.codes = [:] }
        bench.clock.advance(seconds: 590)
        #expect(bench.reader.read()?.facts[.utilization] == nil)
        bench.clock.advance(seconds: 11)
        #expect(bench.reader.read()?.facts[.utilization] == 0.73)
    }

    @Test func `links are not counted where one could not be asked`() throws {
        let bench = Bench { $0.codesOfArguments[.nvlinkState] = [3: .unknown] }
        #expect(bench.reader.read()?.facts[.nvlinkActive] == nil)
    }

    @Test func `fields that fail once are no reason for another family`() throws {
        let bench = Bench { $0.codes[.fieldValues] = .unknown }
        let facts = try #require(bench.reader.read()?.facts)
        #expect(facts[.pcieTransmitRate] == nil && facts[.pcieReceiveRate] == nil && facts[.pcieTransmitted] == nil)
        #expect(bench.nvml.asked(.pcieThroughput) == 0)
        // Nor is one of them: the older number of the same is another counter.
        let other = Bench { $0.fieldCodes = [269: .unknown, 270: .unknown] }
        #expect(other.reader.read()?.facts[.held(.thermal)] == nil)
    }

    @Test func `limits are made of margins where the driver tells no degrees`() throws {
        #expect(Bench().reader.read()?.facts[.temperatureMargin] == 26)
        let bench = Bench { $0.codes[.temperatureThreshold] = .notSupported }
        let facts = try #require(bench.reader.read()?.facts)
        // 61 degrees, 26 below the limit, and what the scripted fields say.
        #expect(facts[.temperatureLimit(.slowdown)] == -193_913)
        #expect(facts[.temperatureLimit(.operating)] == -195_913)
        #expect(facts[.temperatureLimit(.memory)] == nil)
    }

    @Test func `a time that is to come blinds nobody`() throws {
        let bench = Bench { state in
            state.utilization = [.init(pid: 101, time: .max, sm: 60), .init(pid: 102, time: 1_000_000, sm: 10)]
        }
        // Not known is not zero.
        #expect(bench.reader.read()?.processes?.map(\.utilization) == [nil, 0.1, 0])
        bench.nvml.set { $0.utilization = [.init(pid: 101, time: 2_000_000, sm: 70)] }
        #expect(bench.reader.read()?.processes?.first?.utilization == 0.7)
        let vgpu = Bench.vgpu { $0.vgpuUtilization[0].time = .max }
        #expect(vgpu.reader.read()?.vgpus?.first?.smUtilization == nil)
        vgpu.nvml.set { $0.vgpuUtilization[0].time = 6 }
        #expect(vgpu.reader.read()?.vgpus?.first?.smUtilization == 0.4)
    }

    @Test func `a clock that is set back blinds nobody`() throws {
        let bench = Bench { $0.utilization = [.init(pid: 101, time: 1_800_000_000_000_000, sm: 60)] }
        #expect(bench.reader.read()?.processes?.first?.utilization == 0.6)
        bench.wall.set(1_700_000_000)
        bench.nvml.set { $0.utilization = [.init(pid: 101, time: 1_700_000_000_000_000, sm: 30)] }
        #expect(bench.reader.read()?.processes?.first?.utilization == 0.3)
    }

    @Test func `memory of a process is told by GPU instance`() throws {
        let bench = Bench.mig { state in
            state.compute = [
                .init(pid: 2, memory: 5, gpuInstance: 1), .init(pid: 2, memory: 6, gpuInstance: 2),
                .init(pid: 3, memory: .max, gpuInstance: 2),
            ]
            state.graphics = []
        }
        let processes = try #require(bench.reader.read()?.processes)
        #expect(processes.map(\.instances) == [[1: 5, 2: 6], [2: nil]])
        #expect(Bench().reader.read()?.processes?.allSatisfy { $0.instances.isEmpty } == true)
    }
}

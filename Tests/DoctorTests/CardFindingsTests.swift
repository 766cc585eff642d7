import ContainerCollector
import GPUCollector
import Ownership
import Testing

@testable import Doctor

@Suite("What is said of graphics cards and containers")
struct CardFindingsTests {
    private static func cards(_ change: (inout CardSurvey) -> Void = { _ in }) -> [Finding] {
        var survey = CardSurvey(library: .works(driver: "580.65.06", cuda: "13.0"))
        survey.count = 2
        survey.cards = (0..<2).map { CardSurvey.Card(index: $0, name: "NVIDIA H200", state: "ok") }
        change(&survey)
        return CardFindings.cards(survey, library: nil).findings
    }

    @Test("cards that can be read are well")
    func well() {
        let findings = Self.cards()
        #expect(findings.map(\.check) == ["nvml", "cards"] && findings.allSatisfy { $0.state == .ok })
        #expect(findings[0].summary == "NVML works: driver 580.65.06, CUDA 13.0")
        #expect(findings[1].summary == "2 cards: NVIDIA H200")
    }

    @Test("a library that is missing or broken is the one thing that is said, with what helps against it")
    func library() {
        let absent = Self.cards { $0.library = .absent }
        #expect(absent.map(\.state) == [.problem] && absent[0].summary.contains("libnvidia-ml.so.1 is not found"))
        for (code, line) in [
            ("DRIVER_NOT_LOADED", "modprobe nvidia"), ("LIB_RM_VERSION_MISMATCH", "reboot"),
            ("NO_PERMISSION", "ls -l /dev/nvidiactl /dev/nvidia[0-9]*"), ("UNKNOWN", "dmesg | grep -iE 'nvrm|xid'"),
        ] {
            let findings = Self.cards { $0.library = .failed(code: code, reason: "it is so") }
            #expect(findings.map(\.state) == [.problem], "\(code)")
            #expect(findings[0].remedies.flatMap(\.lines) == [line], "\(code)")
            #expect(findings[0].summary.hasSuffix("it is so"), "\(code)")
        }
        #expect(Self.cards { $0.library = .silent }.map(\.state) == [.problem])
    }

    @Test("cards that cannot be read are named, and those that said nothing are counted")
    func lost() {
        let findings = Self.cards { survey in
            survey.count = 3
            survey.cards[1] = CardSurvey.Card(index: 1, name: "NVIDIA H200", state: "lost")
        }
        #expect(findings.last?.state == .problem)
        #expect(findings.last?.summary == "of 3 cards, 2 cannot be read")
        #expect(findings.last?.details == ["card 1, NVIDIA H200: lost", "1 card did not say what it is"])
        #expect(Self.cards { ($0.count, $0.cards) = (0, []) }.map(\.state) == [.ok, .warning])
    }

    @Test("calls that are refused are worth knowing, and no lack")
    func permission() {
        let findings = Self.cards { $0.refused = ["nvmlDeviceGetRowRemapperHistogram"] }
        #expect(findings.last?.check == "permission" && findings.last?.state == .information)
        #expect(findings.last?.details == ["nvmlDeviceGetRowRemapperHistogram"])
    }

    private static func containers(_ engine: ContainerEngine.State, version: Int? = 2) -> [Finding] {
        var survey = ContainerSurvey(sockets: ["/run/docker.sock"], engine: engine)
        (survey.version, survey.containers, survey.product) = (version, 3, "docker 28.0.1")
        return CardFindings.containers(survey, fileSystemRoot: "/host").findings
    }

    @Test("control groups are needed, an engine is not, and one that does not answer is mended")
    func groupsAndEngine() {
        let well = Self.containers(.answering)
        #expect(well.map(\.check) == ["cgroups", "engine"] && well.map(\.state) == [.ok, .ok])
        #expect(well[0].summary == "control groups of version 2 in /host/sys/fs/cgroup show 3 containers")
        #expect(well[1].summary == "docker 28.0.1 answers")
        #expect(Self.containers(.absent).map(\.state) == [.ok, .information])
        let refused = Self.containers(.unreachable("permission denied"))
        #expect(refused.map(\.state) == [.ok, .warning] && refused[1].remedies.flatMap(\.lines) == ["ls -l /run/docker.sock"])
        #expect(Self.containers(.answering, version: nil).map(\.state) == [.problem, .ok])
    }
}

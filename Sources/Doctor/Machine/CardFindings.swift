package import ContainerCollector
package import GPUCollector
import Ownership

/// Judges what is there of graphics cards and of containers.
package enum CardFindings {
    // MARK: cards

    package static func cards(_ survey: CardSurvey, library: String?) -> DoctorReport.Section {
        DoctorReport.Section(.gpu, "graphics cards of this machine", nvml(survey, library) + cards(survey) + permission(survey))
    }

    private static func nvml(_ survey: CardSurvey, _ library: String?) -> [Finding] {
        switch survey.library {
        case .absent:
            return [
                Finding(
                    "nvml", .problem,
                    "cards are asked for (gpu.enabled, exporter.role), and \(library ?? "libnvidia-ml.so.1") is not found",
                    remedies: [
                        Finding.Remedy(.here, "with the driver from Debian", lines: ["apt install libnvidia-ml1"]),
                        Finding.Remedy(.settings, "or gpu.library names it"),
                    ])
            ]
        case .silent:
            return [
                Finding(
                    "nvml", .problem, "NVIDIA's library does not answer: the driver hangs",
                    remedies: [Finding.Remedy(.here, "the kernel may say why", lines: ["dmesg | grep -iE 'nvrm|xid'"])])
            ]
        case .failed(let code, let reason):
            return [Finding("nvml", .problem, "NVML does not work (\(named(code))): \(reason)", remedies: [remedy(of: code)])]
        case .works(let driver, let cuda):
            let versions = ["driver \(named(driver))"] + (cuda.isEmpty ? [] : ["CUDA \(named(cuda))"])
            return [Finding("nvml", .ok, "NVML works: \(versions.joined(separator: ", "))")]
        }
    }

    private static func remedy(of code: String) -> Finding.Remedy {
        switch code {
        case "DRIVER_NOT_LOADED": Finding.Remedy(.here, "load the driver", lines: ["modprobe nvidia"])
        case "LIB_RM_VERSION_MISMATCH":
            Finding.Remedy(.here, "driver and library are of different versions, as after an upgrade", lines: ["reboot"])
        case "NO_PERMISSION", "OPERATING_SYSTEM":
            Finding.Remedy(
                .here, "the user that martlet runs as must be able to open these; deploy/systemd has what a service needs",
                lines: ["ls -l /dev/nvidiactl /dev/nvidia[0-9]*"])
        default: Finding.Remedy(.here, "the kernel may say why", lines: ["dmesg | grep -iE 'nvrm|xid'"])
        }
    }

    private static func cards(_ survey: CardSurvey) -> [Finding] {
        guard case .works = survey.library else { return [] }
        guard survey.count > 0 || !survey.cards.isEmpty else {
            return [Finding("cards", .warning, "the driver works and knows no card")]
        }
        let bad = survey.cards.filter { $0.state != "ok" }
        let silent = survey.count - survey.cards.count
        guard bad.isEmpty, silent <= 0 else {
            let details = bad.map { "card \($0.index), \(named($0.name, others: " ")): \($0.state)" }
            return [
                Finding(
                    "cards", .problem, "of \(counted(survey.count, "card")), \(bad.count + max(0, silent)) cannot be read",
                    details: details
                        + (silent > 0 ? ["\(counted(silent, "card")) did not say what \(silent == 1 ? "it is" : "they are")"] : []),
                    remedies: [Finding.Remedy(.here, "the kernel may say why", lines: ["dmesg | grep -iE 'nvrm|xid'"])])
            ]
        }
        let names = Set(survey.cards.map { named($0.name, others: " ") }).sorted()
        return [Finding("cards", .ok, "\(counted(survey.cards.count, "card")): \(enumeration(names))")]
    }

    private static func permission(_ survey: CardSurvey) -> [Finding] {
        guard case .works = survey.library, !survey.refused.isEmpty else { return [] }
        return [
            Finding(
                "permission", .information,
                "the driver tells this user less than root: it refuses \(counted(survey.refused.count, "call")), whose metrics are left out",
                details: survey.refused, shown: 5)
        ]
    }

    // MARK: containers

    package static func containers(_ survey: ContainerSurvey, fileSystemRoot: String) -> DoctorReport.Section {
        DoctorReport.Section(.containers, "containers of this machine", [groups(survey, fileSystemRoot), engine(survey)])
    }

    private static func groups(_ survey: ContainerSurvey, _ root: String) -> Finding {
        let place = "\(root)/sys/fs/cgroup"
        guard let version = survey.version else {
            return Finding(
                "cgroups", .problem, "\(place) shows no control groups, from which containers and owners of processes are read",
                remedies: [Finding.Remedy(.settings, "exporter.root says where the host's / is mounted")])
        }
        let count = survey.containers == 0 ? "no container" : counted(survey.containers, "container")
        return Finding("cgroups", .ok, "control groups of version \(version) in \(place) show \(count)")
    }

    private static func engine(_ survey: ContainerSurvey) -> Finding {
        let place = survey.sockets.isEmpty ? "containers.engine_socket" : enumeration(survey.sockets)
        switch survey.engine {
        case .answering: return Finding("engine", .ok, "\(survey.product) answers")
        case .absent:
            return Finding("engine", .information, "there is no engine to ask (\(place)), so containers are called by their ids")
        case .unreachable(let reason):
            return Finding(
                "engine", .warning, "the container engine does not answer, so containers are called by their ids: \(reason)",
                remedies: [
                    Finding.Remedy(
                        .here, "the user that martlet runs as must be in the group of the socket, which may do all that root may",
                        lines: ["ls -l \(survey.sockets.joined(separator: " "))"])
                ])
        }
    }
}

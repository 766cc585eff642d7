import Glibc
import Primitives
package import ProxmoxDropIn
package import ZFSCollector

/// Judges what needs no network: the modules of `/pve`, and this machine's ZFS.
package enum LocalFindings {
    // MARK: /pve

    /// None where nobody uses modules.
    ///
    /// - Parameter hasClusters: whether there are targets that are always allowed.
    package static func dropIn(_ settings: DropInSettings, hasClusters: Bool) -> DoctorReport.Section {
        DoctorReport.Section(.pve, "/pve", modules(settings, hasClusters))
    }

    private static func modules(_ settings: DropInSettings, _ hasClusters: Bool) -> [Finding] {
        if let problem = settings.modulesProblem {
            return [Finding("modules", .warning, "\(settings.origin) is not used: \(problem.message)")]
        }
        guard !settings.modules.isEmpty else { return [] }
        let names = settings.modules.keys.sorted()
        var findings = [Finding("modules", .ok, "\(counted(names.count, "module")) from \(settings.origin): \(enumeration(names))")]
        if Files.isReadableByAll(settings.origin) {
            findings.append(
                Finding(
                    "modules", .warning, "\(settings.origin) can be read by every user of this machine",
                    remedies: [.privacy(of: settings.origin)]))
        }
        let closed = names.filter { (settings.modules[$0]?.allowedTargets ?? settings.allowedTargets).isEmpty }
        if !closed.isEmpty, !hasClusters {
            findings.append(
                Finding(
                    "targets", .problem, "no target may be sent the credential of \(enumeration(closed)), so /pve refuses all of them",
                    remedies: [Finding.Remedy(.settings, "name the nodes", lines: ["pve:", "  allowed_targets: [pve1.example.org]"])]))
        }
        let open = names.filter { (settings.modules[$0]?.allowedTargets ?? settings.allowedTargets).allowsAll }
        if !open.isEmpty {
            findings.append(
                Finding(
                    "targets", .warning,
                    "whoever reaches the exporter can have the credential of \(enumeration(open)) sent anywhere (allowed_targets: *)",
                    remedies: [
                        Finding.Remedy(.settings, "name the nodes in its place", lines: ["pve:", "  allowed_targets: [pve1.example.org]"])
                    ]))
        }
        return findings
    }

    // MARK: ZFS

    /// None where there is no ZFS and nobody wants it.
    ///
    /// - Parameter isWanted: somebody said that there is to be one.
    package static func zfs(_ settings: ZFSSettings, fileSystemRoot: String, isWanted: Bool) -> DoctorReport.Section {
        let place = "\(fileSystemRoot)/proc/spl/kstat/zfs"
        guard ZFSCollector.isThere(fileSystemRoot: fileSystemRoot) else {
            let missing = Finding(
                "zfs", .problem, "ZFS of this machine is asked for (zfs.enabled or exporter.role), and \(place) is not there",
                remedies: [Finding.Remedy(.here, lines: ["modprobe zfs"])])
            return DoctorReport.Section(.zfs, "zfs of this machine", isWanted ? [missing] : [])
        }
        var findings = [Finding("zfs", .ok, "the kernel tells of ZFS in \(place)")]
        let folders = [ProcessEnvironment.all["PATH"], "/usr/sbin:/sbin:/usr/local/sbin"].compactMap { $0 }.joined(separator: ":")
        let program = settings.zpoolPath.map { Files.isExecutable($0) ? $0 : nil } ?? ProcessEnvironment.findProgram("zpool", path: folders)
        if program == nil {
            findings.append(
                Finding(
                    "zpool", .warning, "no program zpool is found: sizes, scrubs and errors of pools are left out",
                    remedies: [
                        Finding.Remedy(.here, lines: ["apt install zfsutils-linux"]),
                        Finding.Remedy(.settings, "or zfs.zpool_path names it"),
                    ]))
        } else if access("/dev/zfs", R_OK | W_OK) != 0 {
            findings.append(
                Finding(
                    "zpool", .warning, "this user may not open /dev/zfs, without which zpool tells nothing",
                    remedies: [Finding.Remedy(.here, "run the exporter as deploy/systemd has it, or look", lines: ["ls -l /dev/zfs"])]))
        } else {
            findings.append(Finding("zpool", .ok, "zpool is \(program ?? "")"))
        }
        return DoctorReport.Section(.zfs, "zfs of this machine", findings)
    }
}

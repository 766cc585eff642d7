import JSON

/// What a node says of its clock, programs and certificates.
extension ProxmoxAnswers {
    private static let pem = "-----BEGIN CERTIFICATE-----\nMIIBszCCAVmgAwIBAgIUMADEUPOFNOTHINGBUTWORDS=\n-----END CERTIFICATE-----\n"

    /// /nodes/N/time
    func time() -> [UInt8] {
        document { json in
            json.object { json in
                json.member("time", unixSeconds)
                json.member("localtime", LocalTime(unixSeconds: unixSeconds).seconds)
                json.member("timezone", LocalTime.zone)
            }
        }
    }

    /// /nodes/N/certificates/info
    func certificates(_ view: NodeView) -> [UInt8] {
        document(reservingBytes: 2048) { json in
            json.array { json in
                for certificate in world.certificates(of: view.node, at: moment) {
                    json.object { json in
                        json.member("filename", certificate.fileName)
                        json.member("subject", certificate.subject)
                        json.member("issuer", certificate.issuer)
                        json.member("fingerprint", certificate.fingerprint)
                        json.member("notbefore", certificate.notBefore)
                        json.member("notafter", certificate.notAfter)
                        json.member("public-key-type", certificate.keyType)
                        json.member("public-key-bits", certificate.keyBits)
                        json.member("pem", Self.pem)
                        json.key("san")
                        json.array { json in for name in certificate.names { json.string(name) } }
                    }
                }
            }
        }
    }

    /// /nodes/N/services
    func services(_ view: NodeView) -> [UInt8] {
        document(reservingBytes: 4096) { json in
            json.array { json in
                for service in world.services(of: view.node, at: moment) {
                    json.object { json in
                        json.member("service", service.name)
                        json.member("name", service.name)
                        json.member("desc", service.description)
                        json.member("state", service.state)
                        json.member("active-state", service.activity)
                        json.member("unit-state", service.unit)
                    }
                }
            }
        }
    }

    /// /nodes/N/apt/update: a few packages, fewer on some nodes than on others.
    func updates(_ view: NodeView) -> [UInt8] {
        let packages = [
            ("dpkg", "1.22.21", "1.22.22", "Debian"), ("openssl", "3.5.1-1", "3.5.4-1", "Debian"),
            ("pve-docs", "9.2.3", "9.2.4", "Proxmox"),
        ]
        return document { json in
            json.array { json in
                for (name, old, new, origin) in packages.dropLast(view.node.index % (packages.count + 1)) {
                    json.object { json in
                        json.member("Package", name)
                        json.member("Title", "the package \(name)")
                        json.member("Description", "The package \(name)")
                        json.member("OldVersion", old)
                        json.member("Version", new)
                        json.member("Origin", origin)
                        json.member("Arch", "amd64")
                        json.member("Section", "admin")
                        json.member("Priority", "optional")
                    }
                }
            }
        }
    }

    /// /nodes/N/apt/versions: a few of the packages that the real one lists.
    func packages(_ view: NodeView) -> [UInt8] {
        let release = inventory.release
        let (version, repository) = installed(on: view.node.index)
        let packages = [
            ("proxmox-ve", release.rawValue + ".0", "Installed"), ("pve-manager", version, "Installed"),
            ("pve-qemu-kvm", release.emulator, "Installed"), ("ceph-fuse", "19.2.3-pve1", inventory.hasCeph ? "Installed" : "NotInstalled"),
        ]
        return document { json in
            json.array { json in
                for (name, version, state) in packages {
                    json.object { json in
                        json.member("Package", name)
                        json.member("Title", name)
                        json.member("Description", "The package \(name)")
                        json.member("Version", version)
                        if state == "Installed" { json.member("OldVersion", version) }
                        json.member("CurrentState", state)
                        json.member("Arch", "amd64")
                        json.member("Section", "admin")
                        json.member("Priority", "optional")
                        json.member("Origin", "Proxmox")
                        if name == "pve-manager" { json.member("ManagerVersion", "\(version)/\(repository)") }
                        if name == "proxmox-ve" { json.member("RunningKernel", release.kernel) }
                    }
                }
            }
        }
    }
}

/// A cluster in which every field has a value, no two alike, so that a value in the wrong family is seen.
enum WholeLab {
    static let pressure =
        #""pressurecpusome":1,"pressurecpufull":2,"pressureiosome":3,"pressureiofull":4,"pressurememorysome":5,"pressurememoryfull":6"#

    static let block = #"""
        {"rd_bytes":301,"wr_bytes":302,"rd_operations":303,"wr_operations":304,"flush_operations":305,"unmap_operations":306,
        "failed_rd_operations":307,"failed_wr_operations":308,"rd_total_time_ns":309000000000,"wr_total_time_ns":310000000000,
        "flush_total_time_ns":311000000000,"unmap_total_time_ns":312000000000}
        """#

    static let machine = #"""
        {"vmid":100,"name":"web","status":"running","tags":"a;b","uptime":201,"cpu":0.9,"cpus":202,"mem":203,"maxmem":204,"maxdisk":205,
        "freemem":206,"balloon":207,"pid":208,"memhost":209,"netin":210,"netout":211,"diskread":212,"diskwrite":213,\#(pressure),
        "ballooninfo":{"actual":214,"max_mem":215,"total_mem":216,"mem_swapped_in":217,"mem_swapped_out":218,"major_page_faults":219,
        "minor_page_faults":220},"blockstat":{"scsi0":\#(block)},"nics":{"tap100i0":{"netin":221,"netout":222}}}
        """#

    static let container = #"""
        {"vmid":200,"name":"ct","status":"running","uptime":401,"cpu":0.9,"cpus":402,"mem":403,"maxmem":404,"disk":405,"maxdisk":406,
        "swap":407,"maxswap":408,"pid":409,"netin":410,"netout":411,"diskread":412,"diskwrite":413,\#(pressure)}
        """#

    static let nodeStatus = #"""
        {"loadavg":["1.1","5.5","15.15"],"wait":0.01,"cpuinfo":{"mhz":"2596.14","cores":101,"sockets":102,"model":"chip"},
        "pveversion":"pve-manager/9.2.11/14a22df3","current-kernel":{"release":"6.17"},"boot-info":{"mode":"efi"},
        "memory":{"available":110},
        "rootfs":{"total":103,"used":104,"free":105},"ksm":{"shared":106},"swap":{"total":107,"used":108,"free":109}}
        """#

    private static let resources = [
        #"{"type":"node","node":"pve1","status":"online","cpu":0.11,"maxcpu":112,"mem":113,"maxmem":1014,"uptime":115}"#,
        #"{"type":"storage","node":"pve1","storage":"local","plugintype":"dir","status":"available","disk":30,"maxdisk":120,"#
            + #""content":"iso,backup","shared":0}"#,
        #"{"type":"qemu","vmid":100,"node":"pve1","name":"web","status":"running","cpu":0.21,"tags":"a;b","pool":"prod","template":0,"#
            + #""hastate":"started","lock":"backup"}"#,
        #"{"type":"lxc","vmid":200,"node":"pve1","name":"ct","status":"running","cpu":0.41,"template":0,"#
            + #""tags":"mon-cpu-98;mon-mem-off"}"#,
    ]

    static let table: [String: String] = [
        "/access/permissions": #"{"/vms":{"VM.Audit":1}}"#, "/version": Lab.version,
        "/cluster/status": Lab.rows([Lab.cluster(), Lab.member("pve1")]),
        "/cluster/resources": Lab.rows(resources),
        "/nodes/pve1/status": nodeStatus, "/nodes/pve1/qemu?full=1": Lab.rows([machine]), "/nodes/pve1/lxc": Lab.rows([container]),
    ]

    // MARK: a larger one, whose rows and members stand in another order at each call

    static let shuffled: [String: [String]] = {
        let disks = ["scsi0", "scsi1", "ide2"].map { "\"\($0)\":\(block)" }
        let cards = ["tap101i0", "tap101i1"].map { #""\#($0)":{"netin":1,"netout":2}"# }
        func machines(_ disks: [String], _ cards: [String]) -> [String] {
            [
                machine,
                #"{"vmid":101,"status":"running","blockstat":{\#(disks.joined(separator: ","))},"#
                    + #""nics":{\#(cards.joined(separator: ","))}}"#,
                Lab.listed(102, status: "stopped"), Lab.listed(103, more: #","template":1"#),
            ]
        }
        let containers = [container, Lab.listed(201, status: "stopped")]
        let members = [Lab.cluster(), Lab.member("pve1"), Lab.member("pve2"), Lab.member("pve3", online: 0)]
        let rows =
            resources + [
                Lab.node("pve2"), Lab.node("pve3", status: "offline"), Lab.storage("pve1", "nas"), Lab.storage("pve2"), Lab.storage("pve3"),
                Lab.guest(101, on: "pve1"), Lab.guest(102, on: "pve1"), Lab.guest(103, on: "pve1", template: 1), Lab.guest(110, on: "pve2"),
                Lab.remnant(120, on: "pve3"), Lab.remnant(220, on: "pve3", "lxc"), Lab.guest(130, on: "pve1", name: "moving"),
            ]
        func turns(_ rows: [String]) -> [String] { [Lab.rows(rows), Lab.rows(rows.reversed())] }
        return [
            "/access/permissions": [#"{"/vms":{"VM.Audit":1}}"#], "/version": [Lab.version], "/cluster/status": turns(members),
            "/cluster/resources": turns(rows),
            "/nodes/pve1/status": [nodeStatus], "/nodes/pve1/lxc": turns(containers),
            "/nodes/pve1/qemu?full=1": [
                Lab.rows(machines(disks, cards)), Lab.rows(machines(disks.reversed(), cards.reversed()).reversed()),
            ],
            "/nodes/pve2/status": [nodeStatus], "/nodes/pve2/qemu?full=1": [Lab.rows([Lab.listed(110)])], "/nodes/pve2/lxc": ["[]"],
        ]
    }()

    /// The same rows, and nothing in them but what a row cannot be without.
    static let bare: [String: String] = [
        "/version": #"{"version":"9"}"#, "/cluster/status": #"[{"type":"cluster","name":"lab"},{"type":"node","name":"pve1","online":1}]"#,
        "/cluster/resources": #"""
        [{"type":"node","node":"pve1","cpu":null,"mem":"","uptime":[]},{"type":"storage","node":"pve1","storage":"local","maxdisk":null},
        {"type":"qemu","vmid":100,"node":"pve1","cpu":null},{"type":"lxc","vmid":200,"node":"pve1","cpu":"nan"}]
        """#,
        "/nodes/pve1/status": #"{"loadavg":null,"wait":null,"cpuinfo":{"mhz":0},"rootfs":{},"swap":null,"ksm":[]}"#,
        "/nodes/pve1/qemu?full=1":
            #"[{"vmid":100,"mem":null,"netin":"","blockstat":{"scsi0":{}},"nics":{"tap0":{}},"ballooninfo":null,"pid":"x"}]"#,
        "/nodes/pve1/lxc": #"[{"vmid":200,"mem":null,"swap":{},"pressurecpusome":null}]"#,
    ]
}

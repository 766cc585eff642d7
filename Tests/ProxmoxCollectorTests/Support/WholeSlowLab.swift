import Primitives

/// The whole lab with an answer for each slow source, in which every field has a value.
enum WholeSlowLab {
    static let table = WholeLab.table.merging(ofCluster) { $1 }.merging(ofNode) { $1 }.merging(ofGuests) { $1 }.merging(backups) { $1 }

    private static let ofCluster = [
        "/cluster/ha/status/current": #"""
        [{"type":"service","sid":"vm:100","node":"pve1","crm_state":"started","request_state":"started","group":"g","max_restart":1,
        "max_relocate":2},{"type":"lrm","node":"pve1","timestamp":101},{"type":"master","node":"pve1","timestamp":102},
        {"type":"quorum","quorate":1},{"type":"fencing","armed-state":"armed"}]
        """#,
        "/cluster/backup": #"[{"id":"nightly","schedule":"02:30","storage":"local","mode":"snapshot","all":1,"next-run":5}]"#,
        "/cluster/backup-info/not-backed-up": #"[{"vmid":200,"name":"ct","type":"lxc"}]"#,
        "/cluster/ceph/status": #"""
        {"health":{"status":"HEALTH_WARN","checks":{"OSD_DOWN":{"severity":"HEALTH_WARN"}}},"quorum_names":["a"],
        "pgmap":{"bytes_total":1,"bytes_used":2,"bytes_avail":3,"pgs_by_state":[{"state_name":"active+clean","count":4}]},
        "osdmap":{"num_osds":5,"num_up_osds":6,"num_in_osds":7}}
        """#,
        "/cluster/mapping/pci": #"[{"id":"gpu","map":["node=pve1,path=0000:01:00.0"]}]"#,
        "/cluster/config/qdevice": #"{"State":"Connected"}"#,
    ]

    private static let ofNode = [
        "/nodes/pve1/replication": #"""
        [{"id":"100-0","guest":100,"target":"pve2","last_sync":11,"last_try":12,"next_sync":13,"fail_count":0,"duration":14}]
        """#,
        "/nodes/pve1/storage": #"[{"storage":"local","type":"dir","active":1,"enabled":1,"avail":5}]"#,
        "/nodes/pve1/certificates/info":
            #"[{"filename":"pve-ssl.pem","notafter":4000000000,"subject":"s","issuer":"i","fingerprint":"A"}]"#,
        "/nodes/pve1/subscription": #"{"status":"active","level":"c","productname":"Community","nextduedate":"2026-11-15"}"#,
        "/nodes/pve1/services": #"[{"service":"cron","state":"running","unit-state":"enabled"}]"#,
        "/nodes/pve1/apt/update": #"[{"Package":"a"}]"#,
        "/nodes/pve1/disks/list": #"""
        [{"devpath":"/dev/nvme0n1","type":"nvme","model":"M","serial":"S","health":"PASSED","wearout":75,"size":101}]
        """#,
        "/nodes/pve1/disks/smart": #"""
        {"type":"text","text":"Temperature: 38 Celsius\nAvailable Spare: 99%\nPercentage Used: 3%\nData Units Written: 1,000 [5]\nPower On Hours: 1\n"}
        """#,
        "/nodes/pve1/disks/zfs": #"""
        [{"name":"tank","health":"ONLINE","size":101,"alloc":102,"free":103,"frag":104,"dedup":1.05},{"name":"busy","health":"ONLINE"}]
        """#,
        "/nodes/pve1/disks/zfs/tank": #"""
        {"name":"tank","scan":"scrub repaired 0B in 01:02:03 with 7 errors on Sun Nov 15 01:26:04 2026","errors":"No known data errors",
        "children":[{"name":"tank","state":"ONLINE","children":[{"name":"sda","state":"ONLINE","read":1,"write":2,"cksum":3}]}]}
        """#,
        "/nodes/pve1/disks/zfs/busy": #"{"name":"busy","scan":"scrub in progress since Sun Nov 15 00:24:01 2026\n\t12.50% done"}"#,
        "/nodes/pve1/time": #"{"time":1000000,"localtime":1003600}"#,
        "/nodes/pve1/rrddata": #"""
        [{"time":120,"pressurecpusome":50,"pressureiosome":25,"pressureiofull":12,"pressurememorysome":6,"pressurememoryfull":3,"arcsize":1}]
        """#,
    ]

    private static let ofGuests = [
        "/nodes/pve1/qemu/100/config": #"""
        {"ostype":"l26","cores":2,"memory":2048,"onboot":1,"agent":1,"scsi0":"local:vm-100-disk-0,size=2G","hostpci0":"mapping=gpu"}
        """#,
        "/nodes/pve1/lxc/200/config": #"{"ostype":"debian","rootfs":"local:subvol-200-disk-0,size=8G"}"#,
        "/nodes/pve1/qemu/100/snapshot": #"[{"name":"a","snaptime":10},{"name":"current"}]"#,
        "/nodes/pve1/lxc/200/snapshot": #"[{"name":"current"}]"#,
        "/nodes/pve1/qemu/100/agent/get-fsinfo": #"""
        {"result":[{"mountpoint":"/","type":"ext4","name":"sda1","total-bytes":10,"used-bytes":5,"disk":[{"dev":"/dev/sda1"}]}]}
        """#,
        "/nodes/pve1/qemu/100/agent/network-get-interfaces":
            #"{"result":[{"name":"eth0","hardware-address":"aa","ip-addresses":[{"ip-address":"10.0.0.1"}]}]}"#,
        "/nodes/pve1/qemu/100/agent/get-osinfo": #"{"result":{"id":"debian","pretty-name":"Debian"}}"#,
        "/nodes/pve1/lxc/200/interfaces": #"[{"name":"eth0","hwaddr":"bb","inet":"10.0.0.2/24"}]"#,
    ]

    private static let backups: [String: String] = {
        let begin = Int(WallClock.system.unixSeconds) - 86_400
        return [
            "/nodes/pve1/tasks": #"""
            [{"upid":"UPID:pve1:1:","id":"100","starttime":\#(begin),"endtime":\#(begin + 9),"status":"OK"},
            {"upid":"UPID:pve1:2:","id":"200","starttime":\#(begin),"endtime":\#(begin + 9),"status":"OK"}]
            """#,
            "/nodes/pve1/tasks/UPID:pve1:1:/log": #"[{"n":1,"t":"INFO: starting new backup job: vzdump 100 --job-id nightly"}]"#,
            "/nodes/pve1/tasks/UPID:pve1:2:/log": "[]",
        ]
    }()
}

// SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-only
/*
 * A provider for Linux's own configfs-tsm where there is no SEV-SNP: what
 * drivers/virt/coco/sev-guest gets from the processor, it asks of a character device behind which
 * the simulator signs. Everything that user space sees of /sys/kernel/config/tsm is the kernel's. A
 * test's; it proves nothing.
 */
#include <linux/fs.h>
#include <linux/module.h>
#include <linux/slab.h>
#include <linux/tsm.h>

#define REPORT_SIZE 1184
#define ANSWER_MAX 16384

static char* firmware = "/dev/ratls-firmware";
module_param(firmware, charp, 0444);
MODULE_PARM_DESC(firmware, "device that takes a level and REPORT_DATA, and gives report and table");
static char* provider = "sev_guest";
module_param(provider, charp, 0444);
MODULE_PARM_DESC(provider, "name that the core shows");
static unsigned int floor;
module_param(floor, uint, 0444);
MODULE_PARM_DESC(floor, "lowest VMPL that may be asked for");

/* The length of the answer, or -errno. */
static ssize_t ask(const u8* request, size_t size, u8* answer) {
  struct file* device = filp_open(firmware, O_RDWR, 0);
  loff_t at = 0;
  ssize_t count;

  if (IS_ERR(device)) return PTR_ERR(device);
  count = kernel_write(device, request, size, &at);
  if (count == size) {
    at = 0;
    count = kernel_read(device, answer, ANSWER_MAX, &at);
  } else if (count >= 0) {
    count = -EIO;
  }
  filp_close(device, NULL);
  return count;
}

static int report_new(struct tsm_report* report, void* unused) {
  u8 request[1 + TSM_INBLOB_MAX];
  u8* answer;
  ssize_t count;

  if (report->desc.inblob_len != TSM_INBLOB_MAX) return -EINVAL; /* as sev-guest has it */
  request[0] = report->desc.privlevel;
  memcpy(request + 1, report->desc.inblob, TSM_INBLOB_MAX);
  answer = kvzalloc(ANSWER_MAX, GFP_KERNEL);
  if (!answer) return -ENOMEM;
  count = ask(request, sizeof(request), answer);
  if (count >= 0 && count < REPORT_SIZE) count = -EIO;
  if (count < 0) {
    kvfree(answer);
    return count;
  }
  if (count > REPORT_SIZE) {
    report->auxblob_len = count - REPORT_SIZE;
    report->auxblob = kvmemdup(answer + REPORT_SIZE, report->auxblob_len, GFP_KERNEL);
    if (!report->auxblob) {
      kvfree(answer);
      return -ENOMEM;
    }
  }
  report->outblob = answer; /* the core frees both */
  report->outblob_len = REPORT_SIZE;
  return 0;
}

/* As sev-guest without an SVSM: services are not offered. */
static bool attribute_visible(int index) {
  return index == TSM_REPORT_GENERATION || index == TSM_REPORT_PROVIDER ||
         index == TSM_REPORT_PRIVLEVEL || index == TSM_REPORT_PRIVLEVEL_FLOOR;
}

static bool blob_visible(int index) {
  return index == TSM_REPORT_INBLOB || index == TSM_REPORT_OUTBLOB || index == TSM_REPORT_AUXBLOB;
}

static struct tsm_ops operations = {
    .report_new = report_new,
    .report_attr_visible = attribute_visible,
    .report_bin_attr_visible = blob_visible,
};

static int __init start(void) {
  operations.name = provider;
  operations.privlevel_floor = floor;
  return tsm_register(&operations, NULL);
}

static void __exit stop(void) {
  tsm_unregister(&operations);
}

module_init(start);
module_exit(stop);
MODULE_LICENSE("GPL");
MODULE_DESCRIPTION("configfs-tsm from a simulated AMD secure processor");

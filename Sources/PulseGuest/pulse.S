/* pulse: the load guest of Evenkeel's demo and tests, as a firmware image (QEMU's -bios).
 *
 * It burns a settable share of its virtual processor, writes to memory at a settable rate, and says on COM1 that it is
 * alive. It stays in real mode, where every KVM and TCG runs it, and sleeps with hlt whenever it owes no work.
 *
 * It says (lines end in \n):
 *     t 0000000123               a tick: one every 10 ms, the number without a gap and without a repetition
 *     s burn=35 dirty=256 fill=12 memory=16
 *                                its settings, every second and after each change: percent, pages a second,
 *                                MiB made resident so far, MiB of memory
 *     e want: ...                a line that it did not understand
 * It understands, once it has said its first tick (bytes that come before it has set up its port are lost):
 *     burn N    work for N percent of a virtual processor, 0 to 100
 *     dirty N   write to N pages a second, 0 to 1000000, walking round the 8 MiB above the first
 *     fill N    write once to every page of N MiB above the first, so that the host must hold them
 *
 * Burning is work, not time. Work comes in blocks of a fixed number of turns of a loop. What a block costs is learned
 * as the time that it takes when nobody takes the processor away (a low filter over all blocks), and each tick grants
 * a share of a period. So a guest on a crowded processor still wants all of its work done, takes longer over it, and
 * leaves out the ticks that it is late for, in place of catching up with them later.
 *
 * Time is the interval timer alone (1193182 Hz), since its state moves with the guest in a live migration:
 *     channel 2   free-running, 16 bits, 55 ms around: the clock
 *     channel 0   interrupts at the next deadline. It is set anew at every tick, which also throws away ticks that
 *                 a hypervisor may have saved up; left alone it would go on interrupting, so a tick cannot get lost
 *
 * Memory: 0 interrupt vectors, 0x500 variables, 0x600 line being read, 0x800 lines being sent, below 0x7000 the
 * stack, from 1 MiB on what dirty and fill write to.
 */

        .section .rodata.pulse, "a"
        .globl  pulse_guest_begin, pulse_guest_end
        .balign 16
pulse_guest_begin:

#if defined(__x86_64__)

/* Addresses inside the image, as the processor sees them through cs = 0xf000. */
#define AT(label) (label - pulse_guest_begin)

#include "pulse-places.h"

        .code16
start:
        cli
        cld
        xorw    %ax, %ax
        movw    %ax, %ds
        movw    %ax, %es
        movw    %ax, %ss
        movw    $STACK, %sp

        /* All variables to nothing. */
        movw    $0x500, %di
        movw    $0x80, %cx
        rep stosw

        /* A trip through protected mode leaves fs with a limit of 4 GiB, so that real mode reaches all memory. */
        lgdtl   %cs:AT(descriptor_table)
        movl    %cr0, %eax
        andl    $0x9fffffff, %eax       /* caches on */
        orl     $1, %eax
        movl    %eax, %cr0
        jmp     1f
1:      movw    $8, %bx
        movw    %bx, %fs
        andl    $0xfffffffe, %eax
        movl    %eax, %cr0
        jmp     2f
2:

        call    set_up_vectors
        call    set_up_interrupts
        call    set_up_serial
        call    measure_memory
        call    start_clock
        call    measure_block
        movw    $OUT, OUT_FIRST
        movw    $OUT, OUT_END
        movb    $1, CHANGED
        call    read_clock
        movw    %ax, DEADLINE
        call    set_alarm
        sti

main:
        call    read_clock
        cmpb    $0, RAN_BLOCK
        je      1f
        movb    $0, RAN_BLOCK
        movw    %ax, %bx
        subw    TURN_BEGAN, %bx
        call    learn_cost
1:      movw    %ax, TURN_BEGAN
        cmpb    $0, TICK_DUE
        je      2f
        call    tick
        jmp     main
2:      movl    FILL_NEXT, %eax
        cmpl    FILL_END, %eax
        jae     3f
        call    fill_some
        jmp     main
3:      movl    CREDIT, %eax
        subl    COST, %eax
        jb      4f
        movl    %eax, CREDIT
        movb    $1, RAN_BLOCK
        call    run_block
        jmp     main
4:      cli
        cmpb    $0, TICK_DUE            /* with interrupts off, so that no tick slips in before hlt */
        jne     5f
        sti
        hlt
5:      sti
        jmp     main

/* ---- Work ------------------------------------------------------------------------------------------------------ */

/* One block. Changes ecx. */
run_block:
        movl    TURNS, %ecx
1:      decl    %ecx
        jnz     1b
        ret

/* Takes bx, how long the last turn with a block took, into COST: quickly down, slowly up, so that turns in which
 * somebody else had the processor count for little. Keeps ax. */
learn_cost:
        pushw   %ax
        movzwl  %bx, %eax
        shll    $4, %eax
        movl    COST, %edx
        subl    %edx, %eax
        jae     1f
        sarl    $3, %eax                /* an eighth of the way down */
        jmp     2f
1:      shrl    $6, %eax                /* a 64th of the way up, and by 1/256 and a bit at most */
        movl    %edx, %ecx
        shrl    $8, %ecx
        addl    $16, %ecx
        cmpl    %ecx, %eax
        jbe     2f
        movl    %ecx, %eax
2:      addl    %eax, %edx
        cmpl    $(BLOCK_SHORTEST * 16), %edx
        jae     3f
        cmpl    $TURNS_LIMIT, TURNS
        jae     4f
        shll    $1, %edx
        shll    $1, TURNS
        jmp     4f
3:      cmpl    $(BLOCK_LONGEST * 16), %edx
        jbe     4f
        cmpl    $64, TURNS
        jbe     4f
        shrl    $1, %edx
        shrl    $1, TURNS
4:      movl    %edx, COST
        popw    %ax
        ret

/* Finds a number of turns that takes a good quarter of a millisecond, and what it costs. One measurement alone says
 * little: somebody else may have had the processor during it. So the shortest of four counts. */
measure_block:
        movl    $64, TURNS
1:      movw    $4, %bp
        movw    $0xffff, %si
2:      call    time_block
        cmpw    %si, %bx
        jae     3f
        movw    %bx, %si
3:      decw    %bp
        jnz     2b
        cmpw    $(2 * BLOCK_SHORTEST), %si
        jae     4f
        cmpl    $TURNS_LIMIT, TURNS
        jae     4f
        shll    $1, TURNS
        jmp     1b
4:      movzwl  %si, %eax
        shll    $4, %eax
        movl    %eax, COST
        ret

/* bx = how long one block takes. */
time_block:
        call    read_clock
        pushw   %ax
        call    run_block
        call    read_clock
        popw    %bx
        subw    %bx, %ax
        movw    %ax, %bx
        ret

/* Writes to the pages that dirty owes for one tick. */
dirty_some:
        movl    DIRTY, %eax
        addl    DIRTY_OWED, %eax
        xorl    %edx, %edx
        movl    $TICKS_A_SECOND, %ecx
        divl    %ecx
        movl    %edx, DIRTY_OWED
        movl    %eax, %ecx
        movl    DIRTY_NEXT, %edi
1:      testl   %ecx, %ecx
        jz      3f
        call    touch_page
        cmpl    DIRTY_LIMIT, %edi
        jb      2f
        movl    $0x100000, %edi
2:      decl    %ecx
        jmp     1b
3:      movl    %edi, DIRTY_NEXT
        ret

/* Writes to the next few pages of what fill asked for. */
fill_some:
        movl    FILL_NEXT, %edi
        movw    $FILL_AT_ONCE, %cx
1:      cmpl    FILL_END, %edi
        jae     2f
        call    touch_page
        loop    1b
2:      movl    %edi, FILL_NEXT
        ret

/* Writes a new value into the page at edi and moves edi to the next. */
touch_page:
        incl    STAMP
        movl    STAMP, %eax
        movl    %eax, %fs:(%edi)
        addl    $0x1000, %edi
        ret

/* ---- Time ------------------------------------------------------------------------------------------------------ */

/* ax = clock: counts of the interval timer, wrapping at 16 bits. */
read_clock:
        movb    $0x80, %al              /* latch channel 2 */
        outb    %al, $PIT_CONTROL
        inb     $PIT2, %al
        movb    %al, %ah
        inb     $PIT2, %al
        xchgb   %al, %ah
        negw    %ax                     /* the timer counts down */
        ret

start_clock:
        inb     $SPEAKER, %al
        andb    $0xfc, %al
        orb     $1, %al                 /* channel 2 counts, the speaker stays silent */
        outb    %al, $SPEAKER
        movb    $0xb4, %al              /* channel 2, both bytes, mode 2 */
        outb    %al, $PIT_CONTROL
        xorb    %al, %al
        outb    %al, $PIT2
        outb    %al, $PIT2
        ret

/* Moves the deadline on by a period and sets channel 0 to interrupt at it. A deadline that has passed, or that lies
 * further off than a period (the guest was halted for longer than the clock goes round), is counted from now. */
set_alarm:
        call    read_clock
        movw    DEADLINE, %bx
        addw    $PERIOD, %bx
        movw    %bx, %cx
        subw    %ax, %cx
        cmpw    $SOONEST, %cx
        jge     1f
        movw    $SOONEST, %cx
        jmp     2f
1:      cmpw    $PERIOD, %cx
        jle     3f
        movw    $PERIOD, %cx
2:      movw    %ax, %bx
        addw    %cx, %bx
3:      movw    %bx, DEADLINE
        movb    $0x34, %al              /* channel 0, both bytes, mode 2 */
        outb    %al, $PIT_CONTROL
        movb    %cl, %al
        outb    %al, $PIT0
        movb    %ch, %al
        outb    %al, $PIT0
        ret

/* What is done at every tick. */
tick:
        movb    $0, TICK_DUE
        call    set_alarm

        /* Work is granted for this tick; what could not be done in two is not owed any more. */
        movl    SHARE, %eax
        movl    %eax, %edx
        addl    %eax, %edx
        addl    COST, %edx
        addl    CREDIT, %eax
        cmpl    %edx, %eax
        jbe     1f
        movl    %edx, %eax
1:      movl    %eax, CREDIT

        call    dirty_some
        call    say_tick
        decw    TICKS_LEFT
        jg      2f
        movb    $1, CHANGED
2:      call    listen
        cmpb    $0, CHANGED
        je      3f
        movb    $0, CHANGED
        movw    $TICKS_A_SECOND, TICKS_LEFT
        call    say_settings
3:      jmp     send

timer_interrupt:
        pushw   %ax
        movb    $1, %ss:TICK_DUE
        movb    $0x20, %al              /* end of interrupt */
        outb    %al, $PIC1
        popw    %ax
        iret

ignored_interrupt:
        iret

#include "pulse-console.h"

/* ---- Beginning ------------------------------------------------------------------------------------------------- */

set_up_vectors:
        xorw    %di, %di
        movw    $256, %cx
1:      movw    $AT(ignored_interrupt), %ax
        stosw
        movw    $0xf000, %ax
        stosw
        loop    1b
        movw    $AT(timer_interrupt), 0x20 * 4
        ret

/* Interrupt requests 0 to 7 become vectors 0x20 to 0x27, 8 to 15 become 0x28 to 0x2f; only request 0 gets through. */
set_up_interrupts:
        movb    $0x11, %al
        outb    %al, $PIC1
        outb    %al, $PIC2
        movb    $0x20, %al
        outb    %al, $(PIC1 + 1)
        movb    $0x28, %al
        outb    %al, $(PIC2 + 1)
        movb    $4, %al
        outb    %al, $(PIC1 + 1)
        movb    $2, %al
        outb    %al, $(PIC2 + 1)
        movb    $1, %al
        outb    %al, $(PIC1 + 1)
        outb    %al, $(PIC2 + 1)
        movb    $0xff, %al
        outb    %al, $(PIC2 + 1)
        movb    $0xfe, %al
        outb    %al, $(PIC1 + 1)
        movl    $LOCAL_APIC, %edi
        movl    $0x1ff, %fs:0xf0(%edi)  /* enabled */
        movl    $0x700, %fs:0x350(%edi) /* its input 0 passes on what the 8259 says */
        ret

/* 115200 8N1, queues on (for reading 14 bytes deep), no interrupts; and the first tick's text. */
set_up_serial:
        movw    $AT(serial_set_up), %si
        movw    $6, %cx
1:      movb    %cs:(%si), %dl
        movb    $0x03, %dh
        movb    %cs:1(%si), %al
        outb    %al, %dx
        addw    $2, %si
        loop    1b
        movw    $TICK_LINE, %di
        movw    $(('t') | (' ' << 8)), %ax
        stosw
        movb    $'0', %al
        movw    $10, %cx
        rep stosb
        movb    $'\n', %al
        stosb
        ret

/* The size of memory, from the places in the clock's memory where a PC keeps it: in 64 KiB above 16 MiB, or else in
 * KiB above 1 MiB. */
measure_memory:
        movw    $0x3534, %bx
        call    read_cmos_word
        shll    $16, %eax
        jz      1f
        addl    $0x1000000, %eax
        jmp     2f
1:      movw    $0x3130, %bx
        call    read_cmos_word
        shll    $10, %eax
        addl    $0x100000, %eax
2:      movl    %eax, MEMORY
        cmpl    $DIRTY_END, %eax
        jbe     3f
        movl    $DIRTY_END, %eax
3:      movl    %eax, DIRTY_LIMIT
        movl    $0x100000, %eax
        movl    %eax, DIRTY_NEXT
        movl    %eax, FILL_NEXT
        movl    %eax, FILL_END
        ret

/* eax = the word whose low byte is at bl and whose high byte is at bh. */
read_cmos_word:
        xorl    %eax, %eax
        movb    %bh, %al
        outb    %al, $CMOS
        inb     $(CMOS + 1), %al
        movb    %al, %ah
        movb    %bl, %al
        outb    %al, $CMOS
        inb     $(CMOS + 1), %al
        ret

/* ---- Tables ---------------------------------------------------------------------------------------------------- */

/* Word, handler, largest number. */
settings:
        .word   AT(word_burn), AT(set_burn)
        .long   100
        .word   AT(word_dirty), AT(set_dirty)
        .long   1000000
        .word   AT(word_fill), AT(set_fill)
        .long   3071
        .word   0

word_burn:      .asciz  "burn "
word_dirty:     .asciz  "dirty "
word_fill:      .asciz  "fill "
text_burn:      .asciz  "s burn="
text_dirty:     .asciz  " dirty="
text_fill:      .asciz  " fill="
text_memory:    .asciz  " memory="
text_error:     .asciz  "e want: burn 0-100 | dirty 0-1000000 | fill MIB (less than memory)"

/* Low byte of the port, value. */
serial_set_up:
        .byte   0xfb, 0x80              /* the divisor */
        .byte   0xf8, 0x01
        .byte   0xf9, 0x00              /* (0x3f9 is the interrupt mask again once the divisor is closed) */
        .byte   0xfb, 0x03
        .byte   0xfa, 0xc7
        .byte   0xf9, 0x00

        .balign 8
/* Nothing, and all memory as data; its accessed bit is set, since this image cannot be written to. */
descriptors:
        .quad   0
        .quad   0x00cf93000000ffff
descriptor_table:
        .word   15
        .long   0xf0000 + AT(descriptors)

/* Where the processor begins: 16 bytes below the end. */
        .fill   0xfff0 - (. - pulse_guest_begin), 1, 0
        .byte   0xea                    /* a far jump to start */
        .word   AT(start), 0xf000
        .fill   0x10000 - (. - pulse_guest_begin), 1, 0

#endif

pulse_guest_end:
        .section .note.GNU-stack, "", @progbits

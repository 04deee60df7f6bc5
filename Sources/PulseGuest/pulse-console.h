/* The pulse guest's serial port, both ways: a part of pulse.S, which says at its top what is said and understood. */

/* ---- Speaking -------------------------------------------------------------------------------------------------- */

/* Counts the number in TICK_LINE up by one, as text, and puts the line out. */
say_tick:
        movw    $(TICK_LINE + 11), %bx
1:      incb    (%bx)
        cmpb    $'9', (%bx)
        jbe     2f
        movb    $'0', (%bx)
        decw    %bx
        cmpw    $(TICK_LINE + 2), %bx
        jae     1b
2:      call    open_line
        jc      3f
        movw    $TICK_LINE, %si
        movw    $TICK_LENGTH, %cx
        rep movsb
        movw    %di, OUT_END
3:      ret

say_settings:
        call    open_line
        jc      1f
        movw    $AT(text_burn), %si
        movl    BURN, %eax
        call    put_setting
        movw    $AT(text_dirty), %si
        movl    DIRTY, %eax
        call    put_setting
        movw    $AT(text_fill), %si
        movl    FILL_NEXT, %eax
        shrl    $20, %eax
        decl    %eax                    /* filling begins at 1 MiB */
        call    put_setting
        movw    $AT(text_memory), %si
        movl    MEMORY, %eax
        shrl    $20, %eax
        call    put_setting
        call    close_line
1:      ret

say_error:
        call    open_line
        jc      1f
        movw    $AT(text_error), %si
        call    put_text
        call    close_line
1:      ret

/* di = where the next line goes; carry when nobody reads and there is no room left: then the line is left out. */
open_line:
        movw    OUT_END, %di
        cmpw    $(OUT_LIMIT - OUT_LINE + 1), %di
        cmc
        ret

close_line:
        movb    $'\n', %al
        stosb
        movw    %di, OUT_END
        ret

/* The text at cs:si and the number in eax. */
put_setting:
        pushl   %eax
        call    put_text
        popl    %eax
        movl    $10, %ecx
        xorw    %bx, %bx
1:      xorl    %edx, %edx              /* digits from the last to the first, by way of the stack */
        divl    %ecx
        pushw   %dx
        incw    %bx
        testl   %eax, %eax
        jnz     1b
2:      popw    %ax
        addb    $'0', %al
        stosb
        decw    %bx
        jnz     2b
        ret

/* The text at cs:si, up to a zero. */
put_text:
        movb    %cs:(%si), %al
        incw    %si
        testb   %al, %al
        jz      1f
        stosb
        jmp     put_text
1:      ret

/* Sends what the port takes, sixteen bytes (its queue) at a time; the rest waits for the next tick. */
send:
        movw    OUT_FIRST, %si
1:      movw    OUT_END, %cx
        subw    %si, %cx
        jz      3f
        movw    $UART_STATUS, %dx
        inb     %dx, %al
        testb   $0x20, %al              /* the queue is empty */
        jz      4f
        cmpw    $16, %cx
        jbe     2f
        movw    $16, %cx
2:      movw    $UART, %dx
        rep outsb
        jmp     1b
3:      movw    $OUT, %si
        movw    %si, OUT_END
4:      movw    %si, OUT_FIRST
        ret

/* ---- Listening ------------------------------------------------------------------------------------------------- */

/* Takes what has come, up to 64 bytes a tick. */
listen:
        movw    $64, %cx
1:      movw    $UART_STATUS, %dx
        inb     %dx, %al
        testb   $1, %al
        jz      2f
        movw    $UART, %dx
        inb     %dx, %al
        pushw   %cx
        call    take_byte
        popw    %cx
        loop    1b
2:      ret

take_byte:
        cmpb    $'\r', %al
        je      3f
        cmpb    $'\n', %al
        je      2f
        movw    LINE_LENGTH, %bx
        cmpw    $LINE_LIMIT, %bx
        jae     1f
        movb    %al, LINE(%bx)
        incw    LINE_LENGTH
        ret
1:      movb    $1, LINE_BAD
        ret
2:      movw    LINE_LENGTH, %bx
        movb    $0, LINE(%bx)
        call    take_line
        movw    $0, LINE_LENGTH
        movb    $0, LINE_BAD
3:      ret

/* Looks for the word of the line among the settings, reads the number behind it, and calls the setting with it. */
take_line:
        cmpb    $0, LINE_BAD
        jne     say_error
        movw    $AT(settings), %bx
1:      movw    %cs:(%bx), %si          /* the word, with a blank at its end */
        testw   %si, %si
        jz      say_error
        movw    $LINE, %di
2:      movb    %cs:(%si), %al
        testb   %al, %al
        jz      3f
        cmpb    (%di), %al
        jne     4f
        incw    %si
        incw    %di
        jmp     2b
3:      call    read_number
        jc      say_error
        cmpl    %cs:4(%bx), %eax
        ja      say_error
        jmp     *%cs:2(%bx)
4:      addw    $8, %bx
        jmp     1b

/* eax = the number at di, which must be all of the rest: one to nine digits; carry when it is not. */
read_number:
        xorl    %eax, %eax
        movw    $10, %cx
1:      movzbl  (%di), %edx
        testb   %dl, %dl
        jz      2f
        subb    $'0', %dl
        cmpb    $9, %dl
        ja      3f
        decw    %cx
        jz      3f
        leal    (%eax, %eax, 4), %eax
        leal    (%edx, %eax, 2), %eax
        incw    %di
        jmp     1b
2:      cmpw    $10, %cx
        je      3f
        clc
        ret
3:      stc
        ret

set_burn:
        movl    %eax, BURN
        movl    $(PERIOD * 16), %ecx
        mull    %ecx
        movl    $100, %ecx
        divl    %ecx
        movl    %eax, SHARE
        movb    $1, CHANGED
        ret

set_dirty:
        movl    %eax, DIRTY
        movb    $1, CHANGED
        ret

set_fill:
        incl    %eax
        shll    $20, %eax
        cmpl    MEMORY, %eax
        ja      say_error
        cmpl    FILL_NEXT, %eax         /* what is filled stays filled */
        jbe     1f
        movl    %eax, FILL_END
1:      movb    $1, CHANGED
        ret

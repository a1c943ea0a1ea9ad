import json
from datetime import date

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models


def fill_in_dates(apps, schema_editor):
    """Cases written before this version: when their evidence must be looked at again, and since when they wait."""
    Case = apps.get_model("builder", "Case")
    Case.objects.filter(state="in_review").update(submitted_at=models.F("updated_at"))
    cases = Case.objects.filter(head__content_text__contains='"review_by"').select_related("head")
    for case in cases.iterator(chunk_size=100):
        days = [day_of(each.get("review_by", "")) for each in json.loads(case.head.content_text).get("evidence", [])]
        case.expires_on = min((day for day in days if day is not None), default=None)
        # updated_at stays: nobody changed the case.
        Case.objects.filter(pk=case.pk).update(expires_on=case.expires_on)


def day_of(text):
    try:
        return date.fromisoformat(text.strip())
    except ValueError:
        return None


class Migration(migrations.Migration):

    dependencies = [
        ('builder', '0002_jobs'),
    ]

    operations = [
        migrations.CreateModel(
            name='ConflictOfInterest',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('statement', models.TextField()),
                ('created_at', models.DateTimeField(auto_now_add=True)),
            ],
        ),
        migrations.CreateModel(
            name='ReviewThread',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('criterion_index', models.PositiveSmallIntegerField(null=True)),
                ('criterion_text', models.TextField(blank=True)),
                ('created_at', models.DateTimeField(auto_now_add=True)),
                ('resolved_at', models.DateTimeField(null=True)),
            ],
            options={
                'ordering': ('pk',),
            },
        ),
        migrations.CreateModel(
            name='ThreadMessage',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('text', models.TextField()),
                ('proposed_wording', models.TextField(blank=True)),
                ('created_at', models.DateTimeField(auto_now_add=True)),
            ],
            options={
                'ordering': ('pk',),
            },
        ),
        migrations.CreateModel(
            name='ReviewReminder',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('sent_on', models.DateField()),
                ('cases', models.PositiveIntegerField()),
                ('person', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='+', to=settings.AUTH_USER_MODEL)),
            ],
        ),
        migrations.RemoveConstraint(
            model_name='criterionvote',
            name='vote_known',
        ),
        migrations.AddField(
            model_name='case',
            name='expires_on',
            field=models.DateField(null=True),
        ),
        migrations.AddField(
            model_name='case',
            name='submitted_at',
            field=models.DateTimeField(null=True),
        ),
        migrations.AddField(
            model_name='review',
            name='is_outside',
            field=models.BooleanField(default=False),
        ),
        migrations.AddField(
            model_name='criterionvote',
            name='proposed_wording',
            field=models.TextField(blank=True),
        ),
        migrations.AddField(
            model_name='department',
            name='conflict_rule',
            field=models.CharField(choices=[('bar', 'The person may not review the case'), ('tell', 'The person may review; the conflict is told beside the review')], default='bar', max_length=4, verbose_name='a declared conflict of interest'),
        ),
        migrations.AddField(
            model_name='department',
            name='consensus_threshold',
            field=models.FloatField(default=0.5, verbose_name='share of agreeing votes a criterion must exceed'),
        ),
        migrations.AddField(
            model_name='department',
            name='outside_approvals',
            field=models.PositiveSmallIntegerField(default=0, verbose_name='approvals that must come from other departments'),
        ),
        migrations.AddField(
            model_name='department',
            name='review_days',
            field=models.PositiveSmallIntegerField(default=7, verbose_name='days until a review is overdue'),
        ),
        migrations.AlterField(
            model_name='criterionvote',
            name='vote',
            field=models.CharField(choices=[('agree', 'Agree'), ('disagree', 'Disagree'), ('cannot_judge', "Can't judge")], max_length=12),
        ),
        migrations.AddConstraint(
            model_name='criterionvote',
            constraint=models.CheckConstraint(condition=models.Q(('vote__in', ['agree', 'disagree', 'cannot_judge'])), name='vote_known'),
        ),
        migrations.AddConstraint(
            model_name='department',
            constraint=models.CheckConstraint(condition=models.Q(('consensus_threshold__gte', 0.5), ('consensus_threshold__lt', 1)), name='department_consensus_is_a_majority'),
        ),
        migrations.AddConstraint(
            model_name='department',
            constraint=models.CheckConstraint(condition=models.Q(('outside_approvals__lte', models.F('required_approvals'))), name='department_outside_approvals_fit'),
        ),
        migrations.AddConstraint(
            model_name='department',
            constraint=models.CheckConstraint(condition=models.Q(('conflict_rule__in', ['bar', 'tell'])), name='department_known_conflict_rule'),
        ),
        migrations.AddConstraint(
            model_name='department',
            constraint=models.CheckConstraint(condition=models.Q(('review_days__gte', 1)), name='department_review_takes_a_day'),
        ),
        migrations.AddField(
            model_name='conflictofinterest',
            name='case',
            field=models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='conflicts_of_interest', to='builder.case'),
        ),
        migrations.AddField(
            model_name='conflictofinterest',
            name='person',
            field=models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL),
        ),
        migrations.AddField(
            model_name='reviewthread',
            name='case',
            field=models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='threads', to='builder.case'),
        ),
        migrations.AddField(
            model_name='reviewthread',
            name='opened_by',
            field=models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL),
        ),
        migrations.AddField(
            model_name='reviewthread',
            name='resolved_by',
            field=models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL),
        ),
        migrations.AddField(
            model_name='reviewthread',
            name='review',
            field=models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='threads', to='builder.review'),
        ),
        migrations.AddField(
            model_name='reviewthread',
            name='revision',
            field=models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='threads', to='builder.caserevision'),
        ),
        migrations.AddField(
            model_name='threadmessage',
            name='adopts',
            field=models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='builder.threadmessage'),
        ),
        migrations.AddField(
            model_name='threadmessage',
            name='author',
            field=models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL),
        ),
        migrations.AddField(
            model_name='threadmessage',
            name='thread',
            field=models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='messages', to='builder.reviewthread'),
        ),
        migrations.AddConstraint(
            model_name='conflictofinterest',
            constraint=models.UniqueConstraint(fields=('case', 'person'), name='conflict_once_per_case'),
        ),
        migrations.AddConstraint(
            model_name='conflictofinterest',
            constraint=models.CheckConstraint(condition=models.Q(('statement', ''), _negated=True), name='conflict_says_what'),
        ),
        migrations.AddConstraint(
            model_name='reviewthread',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('resolved_at__isnull', True), ('resolved_by__isnull', True)), models.Q(('resolved_at__isnull', False), ('resolved_by__isnull', False)), _connector='OR'), name='thread_resolved_by_somebody'),
        ),
        migrations.AddConstraint(
            model_name='threadmessage',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('text', ''), _negated=True), models.Q(('proposed_wording', ''), _negated=True), ('adopts__isnull', False), _connector='OR'), name='message_says_something'),
        ),
        migrations.AddConstraint(
            model_name='reviewreminder',
            constraint=models.UniqueConstraint(fields=('person', 'sent_on'), name='reminder_once_a_day'),
        ),
        migrations.RunPython(fill_in_dates, migrations.RunPython.noop),
    ]
